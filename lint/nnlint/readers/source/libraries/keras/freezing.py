"""What is frozen while ``fit`` runs: layers that thaw between two of them need another ``compile``."""

from __future__ import annotations

from typing import Any

from nnlint.evidence.usage import Thawed
from nnlint.readers.source.language.values import Call, Instance
from nnlint.readers.source.libraries.modules import walk

CHANGED = "_changed"
"""The attribute of a layer that says where ``trainable`` was set last."""
THAWED = "thawed layers"
"""Under which the trace keeps what thawed."""


COMPILED = "frozen as compiled"
"""Under which the trace keeps what was frozen when a model was compiled, by what ``compile`` was told."""


def note_compile(call: Call, model: Instance, compiled: object) -> None:
    """Remember what is trained from now on, whatever is set later."""
    kept: Any = call.interpreter.trace.notes.setdefault(COMPILED, {})
    kept[compiled] = (_states(model), call.place, {id(part) for _, part in walk(model)})


def _states(model: Instance) -> dict[int, object]:
    return {id(part): part.state.get("trainable") for _, part in walk(model)}


def _note_frozen(call: Call, model: Instance, compiled: object) -> None:
    """Layers that were frozen after the last ``compile``, which no other model was compiled for since."""
    kept: Any = call.interpreter.trace.notes.get(COMPILED, {})
    if compiled not in kept:
        return
    before, place, _ = kept[compiled]
    later = set().union(
        *[parts for one, (_, _, parts) in list(kept.items())[list(kept).index(compiled) + 1 :]]
    )
    found: Any = call.interpreter.trace.notes.setdefault(THAWED, {})
    for _, part in walk(model):
        changed = part.state.get(CHANGED)
        now = part.state.get("trainable")
        if changed is None or now is True or before.get(id(part)) is not True or id(part) in later:
            continue
        found[call.place] = Thawed(part.cls.name, changed, place, call.place, frozen=True)
        return


def note_fit(call: Call, model: Instance, compiled: object) -> None:
    """``model`` is trained as ``compiled`` says: all calls of ``fit`` up to the next ``compile`` share it."""
    notes = call.interpreter.trace.notes
    earlier: Any = notes.setdefault("fitted as compiled", {})
    parts = {id(part): part for _, part in walk(model)}
    if compiled not in earlier:
        _note_frozen(call, model, compiled)
        frozen = {key for key, part in parts.items() if part.state.get("trainable") is False}
        earlier[compiled] = (frozen, call.place)
        return
    frozen, first = earlier[compiled]
    thawed = [part for key, part in parts.items() if key in frozen and part.state.get("trainable") is True]
    found: Any = notes.setdefault(THAWED, {})
    for part in thawed[:1]:
        place = part.state.get(CHANGED) or part.place
        found[call.place] = Thawed(part.cls.name, place, first, call.place)
