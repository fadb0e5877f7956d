"""OP410: gradients are clipped when it is too early, too late, or at a figure that means nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding

TOO_HIGH, TOO_LOW = 1000.0, 1e-4
"""Norms of gradients are of the order of 0.1 to 100; the usual limits lie between 0.1 and 10."""
ORDERED = (Did.BACKWARD, Did.STEP, Did.ZERO_GRAD)


@check("OP410", level=ERROR)
def gradient_clipping_misplaced(
    recipe: Recipe, *, too_high: float = TOO_HIGH, too_low: float = TOO_LOW
) -> Iterator[Finding]:
    """Gradients are clipped before backward, after the step, or while they are still scaled.

    Why: ``clip_grad_norm_`` changes what is in ``.grad`` at that moment. Before ``backward`` there is
    nothing, after ``step`` it is too late, and gradients that a GradScaler has multiplied by 65536 are
    all clipped. A limit that no gradient reaches, or that none stays under, is no clipping either.
    Source: PyTorch documentation of clip_grad_norm_; "Automatic Mixed Precision examples".
    Options: too_high, too_low: a limit of the norm from which on nothing is cut, and up to which everything
    is (1000 and 0.0001).

    Fires:
        Before the backward pass.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # error: [OP410]
                loss.backward()
                optimizer.step()
        ```
        After the step.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # error: [OP410]
        ```
        Gradients that are still scaled.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            scaler = torch.amp.GradScaler("cuda")
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cuda"):
                    loss = criterion(model(x), y)
                scaler.scale(loss).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # error: [OP410]
                scaler.step(optimizer)
                scaler.update()
        ```
    Silent:
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            scaler = torch.amp.GradScaler("cuda")
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cuda"):
                    loss = criterion(model(x), y)
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
        ```
        Gradients of several batches are summed, and clipped each time.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for i, (x, y) in enumerate(loader):
                loss = criterion(model(x), y) / 4
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
    """
    if not recipe.finished:
        return
    spoken = set()
    for number, event in enumerate(recipe.events):
        if event.did is not Did.CLIP or event.place in spoken:
            continue
        finding = _order(recipe, number) or _scaled(recipe, number) or _limit(event, too_high, too_low)
        if finding is not None:
            spoken.add(event.place)
            yield finding


def _order(recipe: Recipe, number: int) -> Finding | None:
    event = recipe.events[number]
    loop = event.loops[-1] if event.loops else None
    here = [
        e
        for e in recipe.events
        if (e is event or (e.did in ORDERED and _concerns(e, event))) and (loop is None or loop in e.loops)
    ]
    at = here.index(event)
    around = len(here) if loop is not None else 0
    before, after = here[:at], here[at + 1 :]
    back = [*reversed(before), *(reversed(after) if around else ())]
    ahead = [*after, *(before if around else ())]
    if not {Did.BACKWARD, Did.STEP} <= {e.did for e in here} or not back or not ahead:
        return None
    if back[0].did is Did.BACKWARD or ahead[0].did is Did.STEP or not _together(event, back[0], ahead[0]):
        return None
    late = bool(before) and before[-1].did is Did.STEP
    backward = next(e for e in (*after, *before) if e.did is Did.BACKWARD)
    stepped = next(e for e in (*reversed(before), *after) if e.did is Did.STEP)
    return Finding(
        event.place,
        "gradients are clipped after the step that has used them"
        if late
        else "gradients are clipped before backward() has computed them",
        "clip between backward() and step()",
        trail=(Step(stepped.place, "the step"),) if late else (Step(backward.place, "the backward pass"),),
        subject=("clip", event.place),
    )


def _together(event: Event, *others: Event) -> bool:
    """None of them is in another branch than the rest."""
    return all(
        e.branches[: len(event.branches)] == event.branches or event.branches[: len(e.branches)] == e.branches
        for e in others
    )


def _concerns(event: Event, clip: Event) -> bool:
    """It is about the optimiser whose gradients are clipped, as far as that is known."""
    if event.did is not Did.STEP or not clip.subjects or not any(event.subjects):
        return True
    return any(key in clip.subjects for key in event.subjects)


def _scaled(recipe: Recipe, number: int) -> Finding | None:
    """The last backward pass was scaled, and nothing has divided by the scale since."""
    event = recipe.events[number]
    for before in reversed(recipe.events[:number]):
        if before.did in (Did.UNSCALE, Did.STEP) or (before.did is Did.OPAQUE and _may_unscale(before)):
            return None
        if before.did is Did.BACKWARD:
            if not before.details.get("scaled") or not _together(event, before):
                return None
            return Finding(
                event.place,
                "scaled gradients are clipped: the GradScaler has not been told to unscale_ them",
                "call scaler.unscale_(optimizer) before clipping",
                trail=(Step(before.place, "the loss was scaled here"),),
                subject=("clip", event.place),
            )
    return None


def _may_unscale(event: Event) -> bool:
    return "scale" in str(event.details.get("method", ""))


def _limit(event: Event, too_high: float, too_low: float) -> Finding | None:
    maximum = event.details.get("maximum")
    if maximum is None or math.isinf(maximum) or too_low < maximum < too_high:
        return None
    says = "no gradient gets there" if maximum >= too_high else "every gradient is cut to nothing"
    return Finding(
        event.place,
        f"gradients are clipped at {maximum:g}: {says}",
        "choose a limit between 0.1 and 10",
        subject=("clip", event.place),
        level=WARNING,
    )
