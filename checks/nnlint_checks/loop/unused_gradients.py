"""Gradients that are cleared round by round while a step is taken only now and then."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.source import Did, Event, Recipe
from nnlint_checks.loop.order import COULD_STEP, could, implied, same_target

READS_GRADIENTS = frozenset({"grad", "grads", "register_hook", "register_post_accumulate_grad_hook"})
"""Names that tell of gradients being used otherwise than by a step."""


def unused_gradients(recipe: Recipe) -> Iterator[tuple[Event, Event, Event]]:
    """A step that sees the gradients of its own round only, what clears those of the others, and what
    computes them.
    """
    if len(recipe.optimizers) > 1 or recipe.words & READS_GRADIENTS:
        return
    for backward in recipe.events:
        if backward.did is not Did.BACKWARD or not backward.loops:
            continue
        here = [e for e in recipe.events if backward.loops[-1] in e.loops]
        step = _rare_step(recipe, backward, here)
        if step is None or any(could(e, COULD_STEP) for e in here):
            continue
        cleared = [e for e in here if _clears(e, backward) and same_target(e, step, recipe)]
        if cleared:
            yield step, cleared[0], backward


def _clears(event: Event, backward: Event) -> bool:
    """In each round, along with the backward pass."""
    return event.did is Did.ZERO_GRAD and event.loops[-1:] == backward.loops[-1:] and implied(event, backward)


def _rare_step(recipe: Recipe, backward: Event, here: list[Event]) -> Event | None:
    """The only step there is: every few rounds, or when the loop is over."""
    steps = [e for e in recipe.events if e.did is Did.STEP and e.loops[:1] == backward.loops[:1]]
    if len(steps) != 1 or steps[0].details.get("closure"):
        return None
    (step,) = steps
    if step in here:
        own = set(step.branches) & recipe.periodic - set(backward.branches)
        return step if own and step.loops == backward.loops else None
    behind = recipe.events.index(step) > recipe.events.index(backward)
    batches = not backward.loops[-1].counted
    return step if behind and batches and step.loops and step.loops == backward.loops[:-1] else None
