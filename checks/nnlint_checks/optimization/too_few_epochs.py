"""OP409: a network that starts from random weights sees its data once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import is_pretrained, networks_of

SHORT = pattern(
    r"smoke|debug|dry_?run|fast_dev|toy|demo|example|fake_?data|^fake$|dummy|synthetic|sanity|profil|bench|overfit"
    r"|pretrained|fine_?tun|resume|restor|load_?(weights|model|checkpoint|ckpt)|latest_checkpoint|ckpt_path"
    r"|max_steps|num_steps|total_steps|online|stream|language|tokeniz|gpt|llm|corpus|lr_?find|^while$|episode"
    r"|(^|_)env(_|$)|replay",
    re.IGNORECASE,
)
"""Words of programs that try something out, go on from trained weights, or have more data than time."""
REAL = pattern(r"(^|_)real(_|$)|discriminator|(^|_)gan(_|$)", re.IGNORECASE)
"""Words beside which ``fake`` is what a generator makes."""


@check("OP409", level=HINT)
def too_few_epochs(recipe: Recipe) -> Iterator[Finding]:
    """Training from scratch makes a single pass over the data.

    Why: after one pass most networks are far from what they can reach: every sample has moved the weights
    once. Keras' ``fit`` makes one pass unless ``epochs`` says otherwise.
    Source: Keras documentation of Model.fit (``epochs=1``); Hoffer, Hubara and Soudry 2017, "Train longer,
    generalize better".

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.FashionMNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(1):
            for x, y in loader:  # hint: [OP409]
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.FashionMNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(12):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        A new head on trained weights learns in one pass.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, models, transforms

        images = datasets.ImageFolder("flowers/train", transforms.Compose([transforms.ToTensor()]))
        loader = DataLoader(images, batch_size=64, shuffle=True, num_workers=4)
        model = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
        model.fc = nn.Linear(512, 5)
        optimizer = torch.optim.Adam(model.fc.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        ```
    """
    if recipe.entry != "main" or not recipe.finished or _is_short(recipe):
        return
    for optimizer in recipe.optimizers:
        steps = [e for e in recipe.events if e.did is Did.STEP and optimizer.key in e.subjects]
        loops = [_only_pass(step, optimizer) for step in steps]
        if not steps or None in loops or len({loop.place for loop in loops if loop is not None}) != 1:
            continue
        if _from_scratch(optimizer, recipe) and loops[0] is not None:
            yield Finding(
                loops[0].place,
                "one pass over the data is all that this network, which starts from scratch, is trained for",
                "train for more epochs, until the validation loss stops falling",
                trail=(Step(optimizer.place, "the optimizer"),),
                subject=("epochs", loops[0].place),
            )
            return


def _is_short(recipe: Recipe) -> bool:
    """The program says that it is a trial, or goes on from weights that it loads."""
    plays = {word for word in recipe.words if SHORT.search(word)}
    if any(map(REAL.search, recipe.words)):
        plays.discard("fake")
    loads = [n for n, e in enumerate(recipe.events) if e.did is Did.LOAD]
    first = next((n for n, e in enumerate(recipe.events) if e.did is Did.STEP), len(recipe.events))
    unseen = "load_state_dict" in recipe.words and not loads
    return bool(plays) or unseen or any(n < first for n in loads if "load_state_dict" in recipe.words)


def _only_pass(step: Event, optimizer: Optimizer) -> Loop | None:
    """The one loop around a step in the life of its optimiser, if it goes over all batches of a data set;
    None where it may come again.
    """
    around = {loop.place for loop in optimizer.loops}  # folds, trials: each has an optimiser of its own
    loops = [loop for loop in step.loops if loop.place not in around]
    return loops[0] if len(loops) == 1 and (_is_pass(loops[0]) or _cuts_batches(loops[0])) else None


def _is_pass(loop: Loop) -> bool:
    """It goes over a loader to the end of its data, which has one."""
    loader = loop.loader
    if loader is None or not loader.api or loop.count is not None:
        return False
    endless = loader.data.iterable if loader.data is not None else None
    if endless is not None:
        return not endless
    return bool(loader.shuffle or loader.sampler)  # what is shuffled, or drawn by number, has an end


def _cuts_batches(loop: Loop) -> bool:
    """``for start in range(0, len(x_train), 64)``."""
    return loop.strided and loop.loader is not None


def _from_scratch(optimizer: Optimizer, recipe: Recipe) -> bool:
    networks = networks_of(optimizer, recipe)
    return bool(networks) and not any(map(is_pretrained, networks))
