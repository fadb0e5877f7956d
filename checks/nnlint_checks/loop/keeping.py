"""Whether what a loop keeps from round to round is ever differentiated."""

from __future__ import annotations

from nnlint.evidence.source import Did, Event, Recipe
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Tensor
from nnlint.network.operations import Family, family

PASSES = (Did.BACKWARD, Did.GRADIENT)


def kept_in_training(recipe: Recipe, number: int) -> bool:
    """A value with a proven graph is kept in a loop, and no backward pass goes through what it is kept in."""
    event = recipe.events[number]
    passes = [(n, e) for n, e in enumerate(recipe.events) if e.did in PASSES]
    if not passes or not _has_graph(event, [e for _, e in passes]):
        return False
    return not any(_may_use(e, n > number, event) for n, e in passes)


def _has_graph(event: Event, passes: list[Event]) -> bool:
    """It is computed with weights, or of what is differentiated in the same loop."""
    own = {o.number for o in reached(event.details["value"]) if o.recorded}
    if any(trains(o) and o.recorded for o in reached(event.details["value"])):
        return True
    return any(
        o.number in own and o.recorded
        for e in passes
        if any(loop in event.loops for loop in e.loops)
        for value in values(e)
        for o in reached(value)
    )


def _may_use(backward: Event, later: bool, kept: Event) -> bool:
    """A backward pass may go through what the value is kept in."""
    result = kept.details["result"]
    graph = [o for value in values(backward) for o in reached(value)]
    if isinstance(result, Tensor) and any(o.number == result.operation.number for o in graph):
        return kept.details["how"] == "sum" or kept.loops[-1] not in backward.loops
    if kept.details["name"] and backward.details.get("receiver") == kept.details["name"]:
        return True
    inside = kept.loops[-1] in backward.loops
    if inside and backward.certain:
        return False
    shared = any(loop in kept.loops for loop in backward.loops)
    unclear = not graph or any(family(o) is Family.OTHER for o in graph)
    return unclear and (later or shared)


def values(event: Event) -> tuple[Tensor, ...]:
    """What a backward pass starts from, as far as that is known."""
    value = event.details.get("value")
    many = event.details.get("values", ())
    return (value,) if isinstance(value, Tensor) else tuple(many)
