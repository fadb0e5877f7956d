"""Passes through a model by a method of its own: ``model.predict(x)``, ``vae.decode(z)``.

What its parts did there is one pass of the model, at the call of the method, as ``model(x)`` is one.
"""

from __future__ import annotations

from dataclasses import replace

from nnlint.evidence.source import Did, Event
from nnlint.network.graph import Operation
from nnlint.readers.source.facts.keeping import carried_arguments
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import Bound, Call, Instance, Value
from nnlint.readers.source.libraries.conventions import roles_of
from nnlint.readers.source.libraries.modules import is_module, walk
from nnlint.readers.source.libraries.torch.moded import with_modes

QUIET = frozenset({Did.FORWARD, Did.OPAQUE})
"""What a method that only computes does: one that trains, or sets modes, is a part of the program's loop."""
PRIVATE = frozenset({"__init__", "training_step", "validation_step", "test_step"})


def gathered(call: Call, method: Value, events: int, operations: int) -> None:
    """A method of the program's was called, and since then these events and operations were recorded."""
    if not isinstance(method, Bound):
        return
    i, module, name = call.interpreter, method.receiver, getattr(method.function, "name", "")
    new = i.trace.events[events:]
    passes = [event for event in new if event.did is Did.FORWARD]
    if not passes or i.trace.inside or not isinstance(module, Instance) or not is_module(module):
        return
    if any(event.did not in QUIET for event in new) or name in PRIVATE:
        return
    parts = {part.key for _, part in walk(module) if part is not module}
    if any("through" in e.details and module.key not in e.subjects for e in passes):
        return
    if not all(_at_once(i, event, passes[0], parts) for event in passes):
        return
    first = i.trace.events.index(passes[0])
    ran = i.trace.operations[operations:]
    i.trace.events[first] = _as_one(i, call, module, passes, ran, name)
    gone = set(map(id, passes[1:]))
    i.trace.events[first + 1 :] = [e for e in i.trace.events[first + 1 :] if id(e) not in gone]


def _at_once(i: Interpreter, event: Event, first: Event, parts: set[int]) -> bool:
    """A part of the model ran in no loop and below no condition of the method's own."""
    own = set(event.subjects) <= parts or "through" in event.details
    return (
        own
        and event.gradients == first.gradients
        and event.loops == i.trace.loops
        and event.branches == i.trace.branches
    )


def _as_one(
    i: Interpreter, call: Call, module: Instance, passes: list[Event], ran: list[Operation], name: str
) -> Event:
    places = {o.layer.place for o in ran if o.layer is not None}
    moded = [(layer, on) for layer, on in with_modes(module) if layer.place in places]
    mode = module.state.get("training")
    details = {
        "roles": roles_of(call.node),
        "active": tuple(layer for layer, on in moded if on),
        "moded": tuple(layer for layer, _ in moded),
        "carried": carried_arguments(i, call.node),
        "inputs": passes[0].details.get("inputs", ()),
        "outputs": passes[-1].details.get("outputs", ()),
        "through": name,
    }
    return replace(
        passes[0],
        place=call.place,
        subjects=(module.key,),
        training=mode if isinstance(mode, bool) else None,
        function=i.trace.functions[-1] if i.trace.functions else "",
        details=details,
    )
