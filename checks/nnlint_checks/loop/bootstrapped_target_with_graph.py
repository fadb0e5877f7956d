"""TL545: the gradient of a value goes into the target that it is to reach."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Operation, Tensor

REGRESSION = frozenset({"mse", "smooth_l1", "huber", "l1"})
DISCOUNT = (0.5, 1.0)
"""Factors between these are discounts of what comes later (Sutton and Barto 2018, section 3.3: below 1)."""
PASSED = frozenset(
    {"multiply", "squeeze", "unsqueeze", "reshape", "view", "identity", "flatten", "cast", "where"}
)


@check("TL545", level=WARNING)
def bootstrapped_target_with_graph(recipe: Recipe) -> Iterator[Finding]:
    """A temporal-difference target is computed by the network that is trained, and not detached.

    Why: reward + discount * value of the next state stands for a fixed number. With its graph, the loss also
    pulls the next state's value towards the present one; learning slows down or diverges.
    Source: Sutton and Barto 2018, "Reinforcement Learning", section 9.3 (semi-gradient methods); Mnih et al.
    2015 (target network).

    Fires:
        ```python
        import torch
        from torch import nn

        def learn(replay):
            q = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
            optimizer = torch.optim.Adam(q.parameters(), lr=1e-3)
            for state, action, reward, following, done in replay:
                value = q(state).gather(1, action).squeeze(1)
                ahead = q(following).max(1)[0]
                target = reward + 0.99 * ahead * (1 - done)
                loss = nn.functional.mse_loss(value, target)  # warning: [TL545]
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
    Silent:
        Detached, computed without gradients, or by a network that nobody steps.
        ```python
        import copy

        import torch
        from torch import nn

        def learn(replay):
            q = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
            slow = copy.deepcopy(q)
            optimizer = torch.optim.Adam(q.parameters(), lr=1e-3)
            for state, action, reward, following, done in replay:
                value = q(state).gather(1, action).squeeze(1)
                target = reward + 0.99 * q(following).max(1)[0].detach() * (1 - done)
                loss = nn.functional.mse_loss(value, target)
                with torch.no_grad():
                    other = reward + 0.99 * q(following).max(1)[0] * (1 - done)
                loss = loss + nn.functional.mse_loss(value, other)
                third = reward + 0.99 * slow(following).max(1)[0] * (1 - done)
                loss = loss + nn.functional.mse_loss(value, third)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
    """
    stepped = _stepped(recipe)
    spoken: set[Place] = set()
    for use in recipe.losses:
        if use.loss.kind not in REGRESSION or not use.trained or use.target is None or use.place in spoken:
            continue
        ahead = _bootstrap(use, stepped)
        if ahead is not None:
            spoken.add(use.place)
            yield Finding(
                use.place,
                "the target has a discounted value with its graph: the gradient changes the target, too",
                "compute the target under torch.no_grad(), or detach() it",
                trail=(Step(ahead.place, "the value of what follows"),),
                subject=("target", use.place),
            )


def _stepped(recipe: Recipe) -> set[int]:
    """The identities of layers with weights that some optimizer holds: copies stand at the same place."""
    models = [recipe.models[k] for o in recipe.optimizers for k in o.models if k in recipe.models]
    return {id(layer) for model in models for layer in model.layers if layer.parameters}


def _bootstrap(use: LossUse, stepped: set[int]) -> Operation | None:
    """The discounted part of ``reward + discount * value``, where its gradient gets to what is trained."""
    assert use.target is not None
    if not _learned(use.prediction, stepped):
        return None
    for operation in reached(use.target):
        if operation.kind != "add" or len(operation.inputs) != 2:
            continue
        for part, other in (operation.inputs, operation.inputs[::-1]):
            if _learned(part, stepped) and not _learned(other, stepped) and _discounted(part.operation):
                return part.operation
    return None


def _learned(value: Tensor, stepped: set[int]) -> bool:
    return any(
        o.layer is not None and o.recorded and trains(o) and id(o.layer) in stepped for o in reached(value)
    )


def _discounted(operation: Operation, depth: int = 0) -> bool:
    """A factor of it is a number that discounts."""
    if operation.kind not in PASSED or depth > MAX_DEPTH:
        return False
    if operation.kind == "multiply" and any(_is_discount(t) for t in operation.inputs):
        return True
    return any(_discounted(t.operation, depth + 1) for t in operation.inputs)


def _is_discount(value: Tensor) -> bool:
    bounds = value.range
    known = bounds is not None and bounds.low == bounds.high and value.operation.kind == "constant"
    return known and bounds is not None and DISCOUNT[0] <= bounds.low < DISCOUNT[1]


MAX_DEPTH = 6
