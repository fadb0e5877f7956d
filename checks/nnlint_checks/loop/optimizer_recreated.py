"""TL528: an optimiser or schedule that starts from nothing in each round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop, Optimizer, Recipe, Scheduler
from nnlint.finding import Finding
from nnlint.pattern import pattern

ROUNDS = pattern(
    r"^_*((num_?)?(epochs?|ep|e|iter(ation)?s?|it|steps?|batch(_?(idx|i|id|index))?|i|j|n|t|b|_))_*$",
    re.IGNORECASE,
)
"""Names of loop variables that count epochs and batches, not folds, trials, stages or tasks."""


@check("TL528", level=ERROR)
def optimizer_recreated(recipe: Recipe) -> Iterator[Finding]:
    """An optimizer with state, or a schedule, is built anew in each epoch or batch, for the same network.

    Why: Adam's moments and SGD's momentum live in the optimizer object. Built anew they are zero again: Adam
    takes steps of full size in the direction of single batches, and bias correction starts over. A schedule
    built anew never gets beyond its first value.
    Source: Kingma and Ba, "Adam" (2015); PyTorch documentation of torch.optim.

    Fires:
        In each epoch.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            for epoch in range(epochs):
                optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)  # error: [TL528]
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        In a function that is called for each epoch.
        ```python
        import torch
        from torch import nn

        def train_epoch(model, loader):
            optimizer = torch.optim.SGD(  # error: [TL528]
                model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4
            )
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()

        def main(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            for epoch in range(10):
                train_epoch(model, loader)
        ```
    Silent:
        Another network in each fold.
        ```python
        import torch
        from torch import nn

        def train(folds, epochs):
            for loader in folds:
                model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
                optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
                for epoch in range(epochs):
                    for x, y in loader:
                        optimizer.zero_grad()
                        nn.functional.cross_entropy(model(x), y).backward()
                        optimizer.step()
        ```
        A new stage, with another rate.
        ```python
        import torch

        def fit(model, loader, criterion, epochs):
            for rate in (1e-3, 1e-4):
                optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
                for epoch in range(epochs):
                    for x, y in loader:
                        optimizer.zero_grad()
                        criterion(model(x), y).backward()
                        optimizer.step()
        ```
    """
    if not recipe.finished:
        return
    spoken: set[int] = set()
    for optimizer in recipe.optimizers:
        steps = [e for e in recipe.events if e.did is Did.STEP and optimizer.key in e.subjects]
        if _keeps_state(optimizer) and _is_anew(recipe, optimizer, steps):
            spoken.add(optimizer.key)
            yield _finding(optimizer, optimizer.kind.capitalize(), "its moments are lost each time")
    for scheduler in recipe.schedulers:
        steps = [e for e in recipe.events if e.did is Did.SCHEDULER_STEP and scheduler.key in e.subjects]
        if scheduler.optimizer not in spoken and _is_anew(recipe, scheduler, steps):
            yield _finding(scheduler, scheduler.api.rpartition(".")[2], "it never gets beyond its start")


def _keeps_state(optimizer: Optimizer) -> bool:
    return optimizer.kind != "lbfgs" and (optimizer.kind != "sgd" or bool(optimizer.momentum))


def _is_anew(recipe: Recipe, made: Optimizer | Scheduler, steps: Sequence[Event]) -> bool:
    """Built in a loop over epochs or batches, for something that was there before and is not reset."""
    if not made.loops or made.afresh is not True or not steps:
        return False
    loop = made.loops[-1]
    if not all(loop in e.loops and _is_a_round(e.loops, loop) for e in steps):
        return False
    return not any(e.did is Did.LOAD and loop in e.loops for e in recipe.events)


def _is_a_round(loops: tuple[Loop, ...], loop: Loop) -> bool:
    """The loop goes over batches, or over epochs: at most one loop over batches is inside."""
    inner = loops[loops.index(loop) + 1 :]
    if not inner:
        return not loop.counted or _counts(loop)
    batches = len(inner) == 1 and (inner[0].strided or not inner[0].counted)
    return batches and _counts(loop)


def _counts(loop: Loop) -> bool:
    return loop.counted and all(ROUNDS.match(name) for name in loop.variables[:1])


def _finding(made: Optimizer | Scheduler, name: str, consequence: str) -> Finding:
    return Finding(
        made.place,
        f"{name} is built anew in each round of the loop: {consequence}",
        "build it once, before the loop",
        trail=(Step(made.loops[-1].place, "the loop starts here, and the network is older"),),
        subject=("anew", made.place),
    )
