"""OP405: a schedule that never steps, or at another pace than it was made for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop, Recipe, Scheduler
from nnlint.finding import Finding
from nnlint.pattern import pattern

COULD_STEP = pattern(r"sched|callback|(^|_)(step|train|fit|learn|engine|run)(_|$)", re.IGNORECASE)
"""Names of calls that are not understood and may step a schedule."""
BATCHES = frozenset(
    {"batch", "batch_idx", "x", "y", "images", "labels", "inputs", "targets", "data", "target"}
)
"""Names that a loop over batches binds."""


@check("OP405", level=WARNING)
def scheduler_unused(recipe: Recipe) -> Iterator[Finding]:
    """A learning-rate schedule is built and never steps, steps at the wrong pace, or without its metric.

    Why: a schedule changes the rate only in ``step()``. ``ReduceLROnPlateau`` must be told the metric (it
    raises otherwise). ``OneCycleLR`` counts batches: stepped once an epoch it never leaves its warm-up. A
    cosine over as many steps as there are epochs, stepped for each batch, ends within the first epoch.
    Source: PyTorch documentation of torch.optim.lr_scheduler.

    Fires:
        Built, and forgotten.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)  # warning: [OP405]
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        Without the metric.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()  # error: [OP405]
        ```
        A cycle counted in batches, stepped once an epoch.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters())
            scheduler = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=1e-3, epochs=10, steps_per_epoch=len(loader)
            )
            for epoch in range(10):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()  # warning: [OP405]
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters())
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
            for epoch in range(10):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()
        ```
        Given to somebody who may step it.
        ```python
        import torch
        from torch import nn

        from library import train

        def main(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters())
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
            for epoch in range(10):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                train(scheduler, epoch)
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    for scheduler in recipe.schedulers:
        steps = [e for e in recipe.events if e.did is Did.SCHEDULER_STEP and scheduler.key in e.subjects]
        if steps:
            yield from _out_of_step(recipe, scheduler, steps)
        elif _is_forgotten(recipe, scheduler):
            kind = scheduler.api.rpartition(".")[2]
            yield Finding(
                scheduler.place,
                f"{kind} is built and never steps: the learning rate stays as it is",
                "call scheduler.step() after each epoch, or for each batch if it counts batches",
                trail=(Step(_training(recipe, scheduler)[0].place, "the optimizer steps without it"),),
                subject=("schedule", scheduler.place),
            )


def _training(recipe: Recipe, scheduler: Scheduler) -> list[Event]:
    """The steps, in loops, of the optimiser that the schedule is for."""
    return [
        e
        for e in recipe.events
        if e.did is Did.STEP and e.loops and scheduler.optimizer in (e.subjects or (0,))
    ]


def _is_forgotten(recipe: Recipe, scheduler: Scheduler) -> bool:
    """Its optimiser trains here, and nothing that is not understood could have stepped the schedule."""
    if not scheduler.optimizer or not _training(recipe, scheduler):
        return False
    for event in recipe.events:
        if event.did is Did.SCHEDULER_STEP and not any(event.subjects):
            return False
        if event.did is Did.OPAQUE and (scheduler.key in event.subjects or _could_step(event)):
            return False
    return True


def _could_step(event: Event) -> bool:
    return bool(COULD_STEP.search(str(event.details.get("method", "")).rpartition(".")[2])) and not re.match(
        r"env|p_?bar|prof", str(event.details.get("receiver", ""))
    )


def _out_of_step(recipe: Recipe, scheduler: Scheduler, steps: Sequence[Event]) -> Iterator[Finding]:
    kind = scheduler.api.rpartition(".")[2]
    training = _training(recipe, scheduler)
    for step in steps:
        # A condition that is not decided may ask what kind of schedule it is.
        if kind == "ReduceLROnPlateau" and step.details.get("arguments") == 0 and not step.branches:
            yield Finding(
                step.place,
                "ReduceLROnPlateau.step() is called without the metric that it watches",
                "pass the validation loss to scheduler.step()",
                trail=(Step(scheduler.place, "built here"),),
                subject=("schedule", step.place),
                level=ERROR,
            )
            return
        loop = _batches(training)
        if loop is None:
            continue
        message = _pace(scheduler, kind, step, loop)
        if message:
            yield Finding(
                step.place,
                message,
                "step the schedule once for each unit that its length counts",
                trail=(Step(scheduler.place, "built here"), Step(loop.place, "the loop over batches")),
                subject=("schedule", step.place),
                level=WARNING,
            )
            return


def _batches(training: Sequence[Event]) -> Loop | None:
    """The loop over batches inside a loop over epochs; None when it is not sure which one it is."""
    loops = {e.loops[-1] for e in training if len(e.loops) >= 2 and e.loops[-2].counted}
    loop = loops.pop() if len(loops) == 1 else None
    return None if loop is None or loop.counted else loop


def _pace(scheduler: Scheduler, kind: str, step: Event, batches: Loop) -> str:
    """What is wrong with how often it steps; "" when that fits, or is not known."""
    arguments, inside = scheduler.arguments, batches in step.loops
    if not inside and not step.loops:
        return ""
    per_batch = "steps_per_epoch" in arguments and arguments["steps_per_epoch"] is None
    counts_batches = kind == "OneCycleLR" and not per_batch and arguments.get("steps_per_epoch") != 1
    if counts_batches and not inside:
        return "OneCycleLR counts batches (steps_per_epoch), but steps once an epoch: the cycle never ends"
    length = arguments.get({"CosineAnnealingLR": "T_max", "LinearLR": "total_iters"}.get(kind, ""))
    epochs = step.loops[-2].count if len(step.loops) >= 2 else None
    counts_epochs = isinstance(length, int) and length == epochs
    if inside and step.loops[-1] is batches and counts_epochs:
        return f"{kind} is made for {length} epochs, but steps for each batch: it ends within the first ones"
    return ""
