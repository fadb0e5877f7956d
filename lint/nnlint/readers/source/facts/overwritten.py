"""Weights that are kept and used as if they had stayed as they were, while training went on in them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop
from nnlint.evidence.usage import KeptReference
from nnlint.readers.source.facts.references import Kept, Replaced, Used
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.values import Instance
from nnlint.readers.source.libraries.modules import all_weights


def kept_references(trace: Trace) -> Iterator[KeptReference]:
    """What is kept, trained on, and then used as if it had stayed as it was."""
    uses = [use for use in trace.noticed if isinstance(use, Used)]
    keeps = [kept for kept in trace.noticed if isinstance(kept, Kept)]
    for number, kept in enumerate(keeps):
        if _superseded(trace, kept):
            continue
        for use in uses:
            if not use.means(kept) or any(_replaces(k, kept, use) for k in keeps[number + 1 :]):
                continue
            step = _step_between(trace, kept, use)
            if step is not None:
                trail = (
                    Step(step.place, "training goes on in the same tensors"),
                    Step(use.place, "what is used here holds the last weights, not the kept ones"),
                )
                yield KeptReference(kept.what, kept.written, kept.place, kept.place.path, trail)
                break


def _superseded(trace: Trace, kept: Kept) -> bool:
    """Only what stands there at first: something else is kept later on."""
    later = trace.noticed[trace.noticed.index(kept) + 1 :]
    others = (
        one
        for one in later
        if isinstance(one, Kept | Replaced) and (one.name, one.home is kept.home) == (kept.name, True)
    )
    return kept.loop is None and any(others)


def _replaces(later: Kept, kept: Kept, use: Used) -> bool:
    """Before the use, and whenever that happens, something else is kept under the name."""
    certain = later.loop is None and use.branches[: len(later.branches)] == later.branches
    return certain and use.means(later) and later.place != kept.place and later.at <= use.at


def _step_between(trace: Trace, kept: Kept, use: Used) -> Event | None:
    """A step of an optimiser after the weights are kept and before they are used."""
    steps = [(n, e) for n, e in enumerate(trace.events) if e.did is Did.STEP and _may_train(trace, e, kept)]
    after = next((e for n, e in steps if kept.at <= n < use.at), None)
    if after is not None:
        return after
    if use.receiver == kept.owner and use.at >= kept.at:  # put back in each round
        before = next((e for _, e in steps if use.loops and use.loops[-1] in e.loops), None)
        if before is not None and kept.at <= use.at and not (kept.loop or _in(kept, use.loops)):
            return before
    again = next((e for _, e in steps if kept.loop is not None and kept.loop in e.loops), None)
    if again is None:
        return None
    same_branch = use.branches[: len(kept.branches)] == kept.branches
    return None if kept.loop in use.loops and same_branch else again


def _in(kept: Kept, loops: tuple[Loop, ...]) -> bool:
    """It is kept inside of the innermost of the loops."""
    place = loops[-1].place
    return place.path == kept.place.path and place.line <= kept.place.line <= place.end_line


def _may_train(trace: Trace, step: Event, kept: Kept) -> bool:
    """The optimiser holds weights of the model, as far as both are known."""
    held = next((o.state.get("_parameters") for o in trace.optimizers if o.key in step.subjects), None)
    if not isinstance(held, tuple) or not isinstance(kept.model, Instance):
        return True
    own = {id(weight) for _, weight in all_weights(kept.model)}
    return not own or not held or any(id(weight) in own for weight in held)
