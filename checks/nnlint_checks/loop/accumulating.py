"""Gradients that are summed over several batches before a step."""

from __future__ import annotations

import re

from nnlint.evidence.source import Did, Event, Recipe
from nnlint.network.graph import Operation
from nnlint.pattern import pattern


def accumulation(recipe: Recipe, backward: Event) -> Event | None:
    """The periodic step for which this backward pass sums gradients; None when it does not accumulate."""
    inner = _micro_batches(recipe, backward)
    if inner is not None:
        return inner
    loop = backward.loops[-1]
    here = [e for e in recipe.events if loop in e.loops]
    steps = [e for e in here if e.did is Did.STEP and e.loops[-1] is loop]
    clearing = [e for e in here if e.did is Did.ZERO_GRAD]
    if not backward.certain or len(steps) != 1 or not clearing:
        return None
    (step,) = steps
    own = [
        number for number in step.branches if number in recipe.periodic and number not in backward.branches
    ]
    together = all(own and own[0] in e.branches for e in clearing)
    return step if together else None


MICRO = pattern(r"micro|accum", re.IGNORECASE)
"""Names of loops over the batches of one step, or of their number (``range(accumulation_steps)``)."""


def _micro_batches(recipe: Recipe, backward: Event) -> Event | None:
    """The step behind a counted loop over small batches (``for micro_step in range(4)``)."""
    *outer, loop = backward.loops
    if (
        not outer
        or not loop.counted
        or not any(map(MICRO.search, (*loop.variables, loop.over)))
        or not backward.certain
    ):
        return None
    behind = [e for e in recipe.events if e.loops == tuple(outer)]
    steps = [e for e in behind if e.did is Did.STEP]
    return steps[0] if len(steps) == 1 and any(e.did is Did.ZERO_GRAD for e in behind) else None


FACTORS = ("divide", "multiply")


def scalings(backward: Event, kinds: tuple[str, ...] = FACTORS, *, least: bool = False) -> int | None:
    """How often a mean loss is divided or multiplied before it is differentiated; None when not known.

    Of several summands the one with the most factors counts, or the one with the ``least``.
    """
    value = backward.details.get("value")
    counts = list(_ways(value.operation, 0, kinds)) if value is not None else [None]
    known = [count for count in counts if count is not None]
    return None if not counts or None in counts else min(known) if least else max(known)


def _ways(operation: Operation, count: int, kinds: tuple[str, ...], depth: int = 0) -> list[int | None]:
    """For each mean loss that is a summand: how many factors stand before it."""
    if operation.kind == "loss" or "reduction" in operation.attributes:  # the latter: of a ready model
        return [count] if operation.attributes.get("reduction", "mean") == "mean" else [None]
    if operation.kind == "mean":
        return [count]
    if depth > MAX_DEPTH or operation.kind not in PASSED:
        return [None]
    factor = count + (operation.kind in kinds)
    inputs = operation.inputs[:1] if operation.kind == "divide" else operation.inputs
    if operation.kind in ("add", "subtract"):  # a number beside a loss has no gradient
        inputs = tuple(t for t in inputs if t.operation.kind != "constant")
    ways = [way for tensor in inputs for way in _ways(tensor.operation, factor, kinds, depth + 1)]
    known = [way for way in ways if way is not None]
    return [*known] if operation.kind == "multiply" and known else ways


PASSED = frozenset({"identity", "add", "subtract", "divide", "multiply"})
MAX_DEPTH = 8
