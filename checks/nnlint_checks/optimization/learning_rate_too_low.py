"""OP402: a learning rate with which nothing moves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Optimizer, Recipe
from nnlint.finding import Finding, Level
from nnlint.network.graph import Network
from nnlint.pattern import pattern
from nnlint_checks.optimization.rates import SETS_ANOTHER, set_elsewhere

UPHILL = "each step makes the loss larger"
ADAPTIVE = ("adam", "adamw", "adamax", "nadam", "radam", "rmsprop", "lion", "lamb", "adafactor", "adagrad")
SETS_THE_RATE = pattern(r"sched|warm|rate|(^|[._])lr|cycl|anneal|noam|accelerat", re.IGNORECASE)
SETS_HIGHER = SETS_ANOTHER | {"LearningRateScheduler", "CosineAnnealingWarmRestarts"}
"""Schedulers that set, or may set, a higher rate than the optimiser's."""


@check("OP402", level=WARNING)
def learning_rate_too_low(recipe: Recipe, *, adaptive: float = 1e-7, sgd: float = 1e-6) -> Iterator[Finding]:
    """The learning rate is zero, negative, or orders of magnitude below the usual.

    Why: with Adam each weight moves by about the rate at every step, so that at 1e-8 a hundred thousand
    steps change a weight by a thousandth: the network stays what it was at the start.
    Source: Kingma and Ba 2015, section 2.1 (the step is bounded by the rate); Bengio 2012, section 3.1.1.

    Options: adaptive, sgd: rates up to which it is reported (1e-7 and 1e-6).

    Fires:
        Four orders below the usual.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-8)  # warning: [OP402]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        A warm-up starts there; a part of the network has a rate of its own.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-8)
            scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=1e-8, max_lr=1e-2)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                scheduler.step()

        def tune(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            groups = [{"params": model[0].parameters(), "lr": 1e-8}, {"params": model[2].parameters()}]
            optimizer = torch.optim.Adam(groups, lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    for optimizer in recipe.optimizers:
        rate = optimizer.learning_rate
        limit = adaptive if optimizer.kind in ADAPTIVE else sgd if optimizer.kind == "sgd" else 0.0
        if rate is None or rate > limit or not (optimizer.whole or optimizer.models):
            continue
        if not set_elsewhere(optimizer, recipe, SETS_HIGHER, SETS_THE_RATE):
            networks = [recipe.models[key] for key in optimizer.models if key in recipe.models]
            yield _finding(optimizer, rate, networks)


def _finding(optimizer: Optimizer, rate: float, networks: list[Network]) -> Finding:
    name = optimizer.api.rpartition(".")[2]
    said = "nothing is learned" if rate == 0 else UPHILL if rate < 0 else "the weights hardly move"
    usual = "0.01" if optimizer.kind == "sgd" else "0.001"
    return Finding(
        optimizer.place,
        f"learning rate {rate:g} with {name}: {said}",
        f"start with {usual} and change it by factors of 3",
        trail=tuple(Step(n.place, f"{n.name} is trained with it") for n in networks[:1]),
        level=Level.ERROR if rate < 0 else None,
    )
