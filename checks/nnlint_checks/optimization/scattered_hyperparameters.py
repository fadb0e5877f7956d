"""OP415: a hyper-parameter has a name and a value, and elsewhere stands another number in its place."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.hyperparameters import Setting, Settings
from nnlint.evidence.place import Step
from nnlint.finding import Finding

DECLARED = ("constant", "default", "config")


@check("OP415", level=HINT)
def scattered_hyperparameters(settings: Settings) -> Iterator[Finding]:
    """A hyper-parameter is set in one place of a program, and written as another number where it is used.

    Why: whoever changes the constant, or passes the option, changes nothing, and the logs name a value that
    was never used.
    Source: Sculley et al. 2015, "Hidden Technical Debt in Machine Learning Systems", section 6 (configuration
    debt); Google, "Deep Learning Tuning Playbook".

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        BATCH_SIZE = 64
        LEARNING_RATE = 1e-3

        def train(dataset):
            loader = DataLoader(dataset, batch_size=32, shuffle=True)  # hint: [OP415]
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        The constant is used; evaluation has larger batches.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        BATCH_SIZE = 64

        def train(dataset, test_set):
            loader = DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True)
            test_loader = DataLoader(test_set, batch_size=1000)
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    for name in dict.fromkeys(s.name for s in settings.settings):
        alike = [s for s in settings.settings if s.name == name]
        declared = [s for s in alike if s.how in DECLARED]
        used = [s for s in alike if s.how not in DECLARED and not s.split]
        if len({s.value for s in declared}) == 1 and len({s.value for s in used}) == 1:
            yield from _finding(declared[0], used[0])
        elif len(declared) == 2 and len({s.how for s in declared}) == 2 and not used:
            yield from _finding(declared[0], declared[1])


def _finding(first: Setting, second: Setting) -> Iterator[Finding]:
    if first.value == second.value:
        return
    where = f" of {second.about}" if second.about else ""
    yield Finding(
        second.place,
        f"{second.written}{where} is {second.value:g} here, and {first.written} is {first.value:g}",
        f"use {first.written} in both places",
        trail=(Step(first.place, f"{first.written} is set here"),),
        subject=("setting", second.place),
    )
