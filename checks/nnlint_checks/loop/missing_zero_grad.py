"""TL501: gradients of all earlier rounds are added up, because nothing clears them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, Loop, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint.repair import Argument, Insert, Part, Quoted, Repair, Where

COULD_CLEAR = pattern(
    r"zero|grad|clear|clean|reset|optim|backward|closure|train_?step|(^|_)step", re.IGNORECASE
)
"""Names of calls that are not understood and may clear gradients."""
ELSEWHERE = pattern(
    r"(\w+_)?(envs?|environment|metrics?|meters?|tracker|timer|p?bar|buffer|memory)$", re.IGNORECASE
)
"""Names of objects whose ``reset`` and ``step`` have nothing to do with gradients."""


@check("TL501", level=ERROR, fix=SAFE)
def missing_zero_grad(recipe: Recipe) -> Iterator[Finding]:
    """A loop calls backward and step, and never clears the gradients.

    Why: ``backward`` adds to ``.grad``. Each step then follows the sum of the gradients of all rounds so far,
    so the effective learning rate grows with every batch and the loss soon oscillates or diverges.
    Source: PyTorch documentation of torch.optim ("Taking an optimization step") and Optimizer.zero_grad.

    Fires:
        Nothing clears the gradients.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for x, y in loader:
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()  # error: [TL501]
                    optimizer.step()
        ```
        ```diff
        +            optimizer.zero_grad()
        ```
        Cleared once, before the loop.
        ```python
        def fit(model, loader, criterion, optimizer):
            import torch
            optimizer.zero_grad()
            for x, y in loader:
                loss = criterion(model(x), y)
                loss.backward()  # error: [TL501]
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
        ```
        ```diff
        +        optimizer.zero_grad()
        ```
    Silent:
        The order is another one: cleared at the end of the round.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for x, y in loader:
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
        ```
        Gradients of four batches are summed on purpose.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for i, (x, y) in enumerate(loader):
                loss = criterion(model(x), y) / 4
                loss.backward()
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
        Cleared by hand.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                for p in model.parameters():
                    p.grad = None
                criterion(model(x), y).backward()
                optimizer.step()
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    optimizers = {o.key: o for o in recipe.optimizers}
    spoken: set[Place] = set()
    for number, step in enumerate(recipe.events):
        if step.did is not Did.STEP or not step.loops:
            continue
        optimizer = optimizers.get(step.subjects[0]) if step.subjects else None
        if optimizer is not None and step.loops[-1] in optimizer.loops:
            continue  # a new optimiser in each round: the model is new as well
        backward = _backward_of(recipe, number)
        if backward is None or _cleared(recipe.events, backward.loops, optimizer):
            continue
        if step.details.get("by_hand") and backward.place in spoken:
            continue
        spoken.add(backward.place)
        yield _finding(backward, step, recipe)


def _backward_of(recipe: Recipe, number: int) -> Event | None:
    """The nearest backward pass in the loop of a step: before it, or as the loop comes round."""
    events, step = recipe.events, recipe.events[number]
    if not step.certain and len(step.loops) < 2:
        near = next((e for e in reversed(events[:number]) if e.did is Did.BACKWARD), None)
        together = near is not None and near.loops == step.loops and near.branches == step.branches
        return near if together and not recipe.leaving & set(step.branches) else None  # else the only one
    found = [(n, e) for n, e in enumerate(events) if e.did is Did.BACKWARD and step.loops[-1] in e.loops]
    before = [e for n, e in found if n < number]
    return before[-1] if before else found[0][1] if found else None


def _cleared(events: tuple[Event, ...], loops: tuple[Loop, ...], optimizer: Optimizer | None) -> bool:
    """Somewhere in these loops gradients are cleared, or may be by a call that is not understood."""
    mine = None if optimizer is None else {optimizer.key, *optimizer.models}
    for event in events:
        if not any(loop in loops for loop in event.loops):
            continue
        if event.did is Did.ZERO_GRAD and _concerns(event, mine):
            return True
        if event.did is Did.OPAQUE and _could_clear(event, mine):
            return True
    return False


def _concerns(event: Event, mine: set[int] | None) -> bool:
    known = [key for key in event.subjects if key]
    return mine is None or len(mine) == 1 or not known or any(key in mine for key in known)


def _could_clear(event: Event, mine: set[int] | None) -> bool:
    """It got the optimiser or the model, or its name says that it works on gradients."""
    if mine is not None and any(key in mine for key in event.subjects):
        return True
    if ELSEWHERE.match(str(event.details.get("receiver", ""))):
        return False
    return bool(COULD_CLEAR.search(str(event.details.get("method", "")).rpartition(".")[2]))


def _finding(backward: Event, step: Event, recipe: Recipe) -> Finding:
    loop = backward.loops[-1]
    early = next((e for e in recipe.events if e.did is Did.ZERO_GRAD and not e.loops), None)
    trail = [Step(loop.place, "the loop starts here"), Step(step.place, "each round takes a step")]
    if early is not None:
        trail.insert(0, Step(early.place, "cleared only once, before the loop"))
    return Finding(
        backward.place,
        "backward() adds to the gradients of all earlier rounds: nothing in the loop clears them",
        "call model.zero_grad() in each round, behind the update"
        if step.details.get("by_hand")
        else "call optimizer.zero_grad() in each round, before backward()",
        trail=tuple(trail),
        subject=("gradients", backward.place),
        repairs=() if step.details.get("by_hand") else (_repair(backward, step),),
    )


def _repair(backward: Event, step: Event) -> Repair:
    """Cleared right before the backward pass; behind the step where not every round comes by there."""
    optimizer = Argument(step.place, 0, "optimizer") if step.details.get("scaled") else _receiver(step)
    beside = (backward.place.path, backward.function) == (step.place.path, step.function)
    before = beside and backward.certain and backward.loops == step.loops
    place, where = (backward.place, Where.BEFORE) if before else (step.place, Where.AFTER)
    return Repair((Insert(place, (optimizer, ".zero_grad()"), where),))


def _receiver(step: Event) -> Quoted:
    return Quoted(step.place, Part.RECEIVER)
