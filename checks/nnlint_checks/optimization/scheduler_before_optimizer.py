"""OP404: the schedule moves on before the optimiser has used its first rate."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding


@check("OP404", level=WARNING)
def scheduler_before_optimizer(recipe: Recipe) -> Iterator[Finding]:
    """The learning-rate schedule steps ahead of the optimizer in the same loop.

    Why: since PyTorch 1.1 ``scheduler.step()`` comes after ``optimizer.step()``. In the other order the first
    value of the schedule is skipped, and every change comes a round early.
    Source: PyTorch documentation of torch.optim ("How to adjust learning rate").

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
            for epoch in range(epochs):
                scheduler.step()  # warning: [OP404]
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()
        ```
        Not in the first epoch.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer, scheduler, epochs):
            for epoch in range(epochs):
                if epoch > 0:
                    scheduler.step()
                for x, y in loader:
                    optimizer.zero_grad()
                    criterion(model(x), y).backward()
                    optimizer.step()
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    for number, event in enumerate(recipe.events):
        if event.did is not Did.SCHEDULER_STEP or not event.loops or not event.certain:
            continue
        if event.branches or event.details.get("arguments") != 0:
            continue  # told which epoch it is, or what was reached
        if any(_steps(e, event) for e in recipe.events[:number]):
            continue
        late = [e for e in recipe.events[number:] if event.loops[-1] in e.loops and _steps(e, event)]
        if late and not _unknown_between(recipe.events[:number], event):
            yield Finding(
                event.place,
                "scheduler.step() comes before optimizer.step(): the first learning rate is skipped",
                "call scheduler.step() after optimizer.step()",
                trail=(Step(late[0].place, "the optimizer steps here, later in the round"),),
                subject=("schedule", event.place),
            )
            return


def _steps(event: Event, scheduler: Event) -> bool:
    """The optimiser of the schedule steps, or one that may be it."""
    key = scheduler.details.get("optimizer", 0)
    known = event.subjects[0] if event.subjects else 0
    return event.did is Did.STEP and (not key or not known or key == known)


def _unknown_between(events: tuple[Event, ...], scheduler: Event) -> bool:
    """Something ahead of the schedule in its loop got the optimiser, and may step it."""
    key = scheduler.details.get("optimizer", 0)
    return any(e.did is Did.OPAQUE and key and key in e.subjects and e.loops for e in events)
