"""OP416: every hyper-parameter is a number in the middle of the program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.hyperparameters import Settings
from nnlint.evidence.place import Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

CONFIGURED = pattern(
    r"argparse|ArgumentParser|^(click|typer|fire|hydra|omegaconf|absl|FLAGS|yaml|toml|tomllib|configparser|environ)$"
    r"|config|cfg|(^|_)args$|opts?$|hparams|hyper|settings|optuna|(^|_)ray$|tune|sweep|trial|GridSearch"
    r"|RandomizedSearch|param_grid|dataclass|sacred|gin",
    re.IGNORECASE,
)
"""Words of programs that take their hyper-parameters from somewhere, or search for them."""
FEW = 3


@check("OP416", level=HINT)
def no_search_no_config(settings: Settings, recipe: Recipe) -> Iterator[Finding]:
    """A training script takes no option, reads no configuration and searches for nothing.

    Why: the best learning rate is rarely the first one. Where trying another means editing the program, few
    are tried, and nobody knows afterwards which run had which.
    Source: Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization"; Google, "Deep Learning
    Tuning Playbook".

    Fires:
        ```python
        import torch  # hint: [OP416]
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        Constants at the top are a configuration.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        BATCH_SIZE, RATE = 64, 1e-3
        EPOCHS = 10
        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=BATCH_SIZE, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
        for epoch in range(EPOCHS):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    if recipe.entry != "main" or any(map(CONFIGURED.search, recipe.words)):
        return
    named = [s for s in settings.settings if s.how in ("constant", "default", "config")]
    used = [s for s in settings.settings if s.how in ("argument", "loop")]
    names = list(dict.fromkeys(s.name for s in used))
    if not named and len(names) >= FEW:
        yield Finding(
            recipe.place,
            f"{len(names)} hyper-parameters are numbers inside the program: no option, no search",
            "name them at the top, or take them from a command line, and try several values",
            trail=tuple(Step(s.place, f"{s.written} = {s.value:g}") for s in used[:FEW]),
            subject=("configuration", settings.program),
        )
