"""Which weights the optimisers of an entry hold, against those that gradients reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nnlint.evidence.source import Did, Event
from nnlint.evidence.usage import Coverage, LeftOut
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.hidden import held_in
from nnlint.readers.source.facts.noticing import Inside
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.values import Instance, Value, Weight
from nnlint.readers.source.libraries.modules import (
    all_weights,
    alternatives,
    complete,
    is_module,
    walk,
    weights,
)
from nnlint.readers.source.libraries.standard import COPIED

FRESH = frozenset({"loaded", "unknown"})
"""Initialisations of weights that somebody else has trained, or may have."""


def coverage(trace: Trace) -> Iterator[Coverage]:
    """One for an entry that trains with optimisers that are known to the last weight."""
    yield from _thawed(trace)
    optimizers = trace.optimizers
    held = [_held(o) for o in optimizers]
    if not optimizers or any(h is None for h in held) or trace.notes.get("exhausted"):
        return
    if not any(held) and any(o.state.get("_parameters") for o in optimizers):
        return  # tensors of the program's own are what is trained, such as an input
    ids = {id(weight) for weights_of in held for weight in weights_of or ()}
    last = max(o.key for o in optimizers)
    steps = [e for e in trace.events if e.did is Did.STEP]
    known = {o.key for o in optimizers}
    elsewhere = _of_other_checks(trace)
    trained = (
        [m for m in _trained(trace) if id(m) not in elsewhere] if _all_known(trace, steps, known) else []
    )
    copies = _left_copies(trace, ids)
    others = [m for m in trained if id(m) not in copies]
    trained = others if any(id(w) in ids for m in others for _, w in weights(m)) else trained
    left = [*_left(trained, ids, last), *_replaced(trace, optimizers, ids)]
    place, count = optimizers[0].place, sum(len(h or ()) for h in held)
    frozen = sum(_never_trained(o, trace) for o in optimizers) if steps else 0
    related = not trained or any(id(w) in ids for module in trained for _, w in weights(module))
    distinct = {one.place: one for one in left}
    unfrozen = _unfrozen(trace, optimizers, ids) if trained else 0
    left_out = tuple(distinct.values())
    yield Coverage(optimizers[0].cls.name, count, frozen, left_out, related, place, place.path, (), unfrozen)


def _thawed(trace: Trace) -> Iterator[Coverage]:
    found = trace.notes.get("thawed layers")
    if isinstance(found, dict) and found:
        layers = tuple(found.values())
        yield Coverage("fit", 0, 0, (), True, layers[0].second, layers[0].second.path, layers)


def _held(optimizer: Instance) -> tuple[Weight, ...] | None:
    """Its weights of layers, beside tensors that the program made by itself; None when it is given others."""
    found = optimizer.state.get("_parameters")
    if not isinstance(found, tuple) or not all(isinstance(v, Weight) or _by_itself(v) for v in found):
        return None
    return tuple(v for v in found if isinstance(v, Weight))


def _by_itself(value: Value) -> bool:
    """``torch.zeros(1, requires_grad=True)``: a tensor that is no layer's."""
    return isinstance(value, Tensor) and value.operation.attributes.get("requires_grad") is True


def _all_known(trace: Trace, steps: Sequence[Event], known: set[int]) -> bool:
    """Every step is one of these optimisers, or the framework steps with what it is given."""
    subjects = [e.subjects[0] if e.subjects else 0 for e in steps]
    if any(e.details.get("method") == "step" and not e.details.get("arguments") for e in trace.events):
        return False  # of something that is not known, and may hold anything (``env.step(action)`` does not)
    return all(key in known for key in subjects) and bool(subjects or trace.notes.get("framework steps"))


def _trained(trace: Trace) -> Iterator[Instance]:
    """Modules with weights that some gradient reaches."""
    kept: Value = trace.notes.get("layers") or {}
    modules = {id(layer): module for layer, module in kept.values()}
    done = (o for o in trace.operations if o.layer is not None and o.recorded)
    reached = (o for o in done if o.number in trace.differentiated)
    elsewhere = _of_other_checks(trace)
    found = {id(m): m for o in reached if (m := modules.get(id(o.layer))) is not None}
    yield from (module for key, module in found.items() if key not in elsewhere)


def _of_other_checks(trace: Trace) -> set[int]:
    """Modules that no model registers, as far as is known: built while it runs, hidden in a list, or one of
    several that it may have.
    """
    built = [one.module for one in trace.noticed if isinstance(one, Inside)]
    models = trace.all_models()
    kept = [v for model in models for name, v in model.state.items() if not str(name).startswith("_")]
    hidden = [m for value in kept for m in held_in(value) if is_module(m)]
    open_parts = [part for model in models for part in alternatives(model)]
    return {id(part) for module in (*built, *hidden, *open_parts) for _, part in walk(module)}


def _left_copies(trace: Trace, held: set[int]) -> set[int]:
    """Modules of copies that no optimiser holds anything of: targets and averages follow what is trained."""
    copies = [part for m in trace.all_models() for _, part in walk(m) if part.state.get(COPIED)]
    left = [c for c in copies if not any(id(w) in held for _, w in all_weights(c))]
    return {id(part) for copy in left for _, part in walk(copy)}


def _left(trained: Iterable[Instance], held: set[int], last: int) -> Iterator[LeftOut]:
    for module in trained:
        own = [w for _, w in weights(module)]
        if own and all(_to_train(w) and id(w) not in held for w in own):
            yield LeftOut(module.cls.name, len(own), module.place, module.key > last)


def _unfrozen(trace: Trace, optimizers: Sequence[Instance], held: set[int]) -> int:
    """Weights of a model that were frozen when the optimisers took the others, and are not now."""
    then = [o.state.get("_then_frozen") for o in optimizers]
    last = max((n for n, e in enumerate(trace.events) if e.did is Did.STEP), default=-1)
    called = {id(call.model): call.model for call in trace.calls}
    found: set[int] = set()
    for model in called.values():
        own = [w for _, w in all_weights(model)]
        if any(id(w) in held for w in own):
            found |= {id(w) for w in own if id(w) not in held and _is_unfrozen(w, then, last)}
    return len(found)


def _is_unfrozen(weight: Weight, then: Sequence[Value], last: int) -> bool:
    """A step comes after it was unfrozen."""
    since = weight.state.get("thawed")
    frozen = all(isinstance(ids, frozenset) and id(weight) in ids for ids in then)
    return weight.state["trainable"] is True and frozen and isinstance(since, int) and since <= last


def _to_train(weight: Weight) -> bool:
    return weight.state["trainable"] is True and weight.initialization.kind not in FRESH


def _replaced(trace: Trace, optimizers: list[Instance], held: set[int]) -> Iterator[LeftOut]:
    """Layers that came into a model after an optimiser had taken all of its weights."""
    last = max(o.key for o in optimizers)
    models = trace.all_models()
    for model in models:
        parts = [(part, [w for _, w in weights(part)]) for _, part in walk(model)]
        new = [(part, own) for part, own in parts if own and part.key > last]
        old = [w for part, own in parts if part.key <= last for w in own]
        if new and old and all(id(w) in held or w.state["trainable"] is False for w in old):
            for part, own in new:
                if all(_to_train(w) and id(w) not in held for w in own) and any(id(w) in held for w in old):
                    yield LeftOut(part.cls.name, len(own), part.place, True)


def _never_trained(optimizer: Instance, trace: Trace) -> int:
    """Its weights, where all of them are frozen in the end, and were so when it took them or at each step."""
    held, stepped = _held(optimizer) or (), trace.notes.get("stepped frozen")
    at_steps = isinstance(stepped, dict) and stepped.get(optimizer.key) is True
    if not held or (optimizer.state.get("_frozen") is not True and not at_steps):
        return 0
    ids = set(map(id, held))
    models = trace.all_models()
    holders = [m for m in models if any(id(w) in ids for _, w in all_weights(m))]
    # others may lie in a part that is not understood, unless these are all of a part that is
    known = all(complete(m) or _of_one_part(m, ids) for m in holders)
    return len(held) if known and all(w.state["trainable"] is False for w in held) else 0


def _of_one_part(model: Instance, ids: set[int]) -> bool:
    """The weights are those of one submodule, which is known to the last."""
    parts = (part for _, part in walk(model) if part is not model)
    return any({id(w) for _, w in all_weights(part)} == ids and complete(part) for part in parts)
