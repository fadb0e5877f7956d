"""What the state at the end of an entry shows about its modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.evidence.place import Place
from nnlint.evidence.usage import BuiltInForward, IgnoredSetting
from nnlint.readers.source.facts.coverage import coverage
from nnlint.readers.source.facts.noticing import Inside, Setting
from nnlint.readers.source.facts.overwritten import kept_references
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.facts.unread import unread_arguments
from nnlint.readers.source.facts.unread_inputs import ignored_inputs
from nnlint.readers.source.facts.unused import unused_layers
from nnlint.readers.source.language.values import Instance
from nnlint.readers.source.libraries.modules import all_weights, children, inside, walk

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def outcomes(i: Interpreter, trace: Trace) -> Iterator[object]:
    """Facts that only the final state can tell."""
    yield from _settings(trace)
    yield from _built(trace)
    yield from kept_references(trace)
    yield from coverage(trace)
    yield from unused_layers(i, trace)
    yield from ignored_inputs(trace)
    yield from unread_arguments(trace)


def _settings(trace: Trace) -> Iterator[IgnoredSetting]:
    """One for each place: in a loop over children it is one statement for all."""
    found: dict[Place, IgnoredSetting] = {}
    for one in _each_setting(trace):
        known = found.get(one.place)
        if known is not None and known.weights is not None and one.weights is not None:
            found[one.place] = replace(known, weights=known.weights + one.weights)
        elif known is None or one.weights is None:
            found[one.place] = one
    yield from found.values()


def _each_setting(trace: Trace) -> Iterator[IgnoredSetting]:
    for setting in trace.noticed:
        if not isinstance(setting, Setting):
            continue
        module, place = setting.module, setting.place
        if not isinstance(module, Instance):
            yield IgnoredSetting(setting.written, "", setting.value, None, place, place.path)
            continue
        weights = [w for _, w in all_weights(module)]
        against = sum(w.state["trainable"] is (not setting.value) for w in weights)
        if against:
            ready_made = any("_origin" in part.state for _, part in walk(module))
            count = None if ready_made else against
            yield IgnoredSetting(setting.written, module.cls.name, setting.value, count, place, place.path)


def _built(trace: Trace) -> Iterator[BuiltInForward]:
    """Modules with weights to be trained that no model keeps, or that each run makes anew."""
    made = [b for b in trace.noticed if isinstance(b, Inside)]
    parts = inside(b.module for b in made)
    owners = {id(b.module) for b in made}
    for one in made:
        module = one.module
        if id(module) in parts or one.function is None or not _fresh(module):
            continue
        attribute = _registered(module, [m for m in trace.models if id(m) not in owners])
        if (attribute or one.stored) and (one.guarded or one.function.name not in ("forward", "call")):
            continue
        owner = one.function.owner.name if one.function.owner is not None else ""
        place = module.place
        yield BuiltInForward(module.cls.api or module.cls.name, attribute, owner, place, place.path)


def _fresh(module: Instance) -> bool:
    """It has weights, all as the library or a random initialiser made them, all to be trained."""
    weights = [w for _, w in all_weights(module)]
    return bool(weights) and all(
        w.state["trainable"] is True and w.initialization.kind not in ("loaded", "unknown", "tensor")
        for w in weights
    )


def _registered(module: Instance, models: list[Instance]) -> str:
    """The name under which a model, or a container in it, keeps it."""
    for model in models:
        for name, part in children(model):
            if part is module:
                return name
    return ""
