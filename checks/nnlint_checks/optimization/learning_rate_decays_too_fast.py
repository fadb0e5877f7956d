"""OP403: the schedule takes the learning rate to nothing early in training."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, Loop, Recipe, Scheduler
from nnlint.finding import Finding


@check("OP403", level=WARNING)
def learning_rate_decays_too_fast(
    recipe: Recipe, *, nothing: float = 1e-3, early: float = 0.2
) -> Iterator[Finding]:
    """The schedule, stepped as the loop steps it, ends training long before the last epoch.

    Why: with a thousandth of its rate a network stands still. A factor that is meant for epochs, applied
    to each batch, is there within the first epoch.
    Source: PyTorch documentation of torch.optim, "How to adjust learning rate" (step after each epoch).

    Options: nothing: the share of the first rate below which training stands still (0.001); early: the
    share of all steps within which that is too early (0.2).

    Fires:
        Each epoch has a tenth of the rate of the one before.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
            for epoch in range(30):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()  # warning: [OP403]
        ```
        The factor is applied to each of 938 batches.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(digits, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.96)
        for epoch in range(20):
            for images, labels in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
                scheduler.step()  # warning: [OP403]
        ```
        Milestones that are meant for epochs.
        ```python
        import torch
        from torch import nn

        def train(train_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[60, 120])
            for epoch in range(200):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                    scheduler.step()  # warning: [OP403]
        ```
    Silent:
        The same factor for each epoch, and for batches of which nobody knows how many there are.
        ```python
        import torch
        from torch import nn

        def train(loader, small):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.96)
            for epoch in range(30):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()
            slow = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.99)
            for x, y in small:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                slow.step()
        ```
    """
    schedules = {scheduler.key: scheduler for scheduler in recipe.schedulers}
    seen: set[Place] = set()
    for event in recipe.events:
        scheduler = schedules.get(event.subjects[0]) if event.subjects else None
        if event.did is not Did.SCHEDULER_STEP or scheduler is None or event.place in seen:
            continue
        all_steps = _all_steps(event)
        needed = _steps_to(nothing, scheduler) or _last_milestone(scheduler, event)
        if needed is None or all_steps is None or not event.certain or needed > early * all_steps:
            continue
        seen.add(event.place)
        yield _finding(event, scheduler, needed, all_steps, nothing)


STEADY = ("ExponentialLR", "StepLR", "MultiplicativeLR", "LambdaLR", "ExponentialDecay")
"""Schedules that multiply the rate by the same factor again and again."""


def _steps_to(share: float, scheduler: Scheduler) -> int | None:
    """After how many steps the rate is below ``share`` of the first one; None when that is not known."""
    name, given = scheduler.api.rpartition(".")[2], scheduler.arguments
    gamma, size = given.get("gamma"), given.get("step_size", 1)
    if name not in STEADY or not isinstance(gamma, int | float) or not 0 < gamma < 1:
        return None
    if not isinstance(size, int) or (name == "StepLR" and "step_size" not in given):
        return None
    return math.ceil(math.log(share) / math.log(gamma)) * size


def _last_milestone(scheduler: Scheduler, event: Event) -> int | None:
    """The last milestone of a schedule that is stepped each batch, where epochs would get there."""
    last = scheduler.arguments.get("last_milestone")
    epochs = event.loops[-2].count if len(event.loops) > 1 else None
    each_batch = bool(event.loops) and event.loops[-1].loader is not None
    return last if each_batch and isinstance(last, int) and epochs and last <= epochs else None


def _all_steps(event: Event) -> int | None:
    counts = [_rounds(loop) for loop in event.loops]
    known = [count for count in counts if count is not None]
    return math.prod(known) if event.loops and len(known) == len(counts) else None


def _rounds(loop: Loop) -> int | None:
    """How many rounds a loop has: as counted, or as many as there are batches."""
    loader = loop.loader
    if loader is None or loop.count is not None:
        return loop.count
    if loader.samples is None or not loader.batch_size:
        return FEW_BATCHES if loader.role == "train" else None
    return math.ceil(loader.samples / loader.batch_size)


FEW_BATCHES = 10
"""Batches that a training set of unknown size has at least: fewer need no schedule (own judgement)."""


def _finding(event: Event, scheduler: Scheduler, needed: int, all_steps: int, share: float) -> Finding:
    name = scheduler.api.rpartition(".")[2]
    each = "batch" if event.loops[-1].loader is not None else "epoch"
    size = event.loops[-1].loader.samples if event.loops[-1].loader is not None else 0
    total = f"{all_steps:,} steps" if size is not None else f"{all_steps:,} steps or more"
    inside, gamma = scheduler.api.startswith("keras"), scheduler.arguments.get("gamma")
    said = f"gamma={gamma}"
    last = scheduler.arguments.get("last_milestone")
    reached = f"past the milestone {last}" if last else f"below {share:g} of the rate after {needed}"
    return Finding(
        event.place,
        f"{name} is stepped each {each}: {reached} of {total}",
        "step once an epoch" if each == "batch" and not inside else "let it decay more slowly",
        trail=(Step(scheduler.place, f"decay_rate ** (1 / decay_steps) = {gamma:.4g}" if inside else said),),
    )
