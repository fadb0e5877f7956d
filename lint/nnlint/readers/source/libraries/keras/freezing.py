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


def note_fit(call: Call, model: Instance, compiled: object) -> None:
    """``model`` is trained as ``compiled`` says: all calls of ``fit`` up to the next ``compile`` share it."""
    notes = call.interpreter.trace.notes
    earlier: Any = notes.setdefault("fitted as compiled", {})
    parts = {id(part): part for _, part in walk(model)}
    if compiled not in earlier:
        frozen = {key for key, part in parts.items() if part.state.get("trainable") is False}
        earlier[compiled] = (frozen, call.place)
        return
    frozen, first = earlier[compiled]
    thawed = [part for key, part in parts.items() if key in frozen and part.state.get("trainable") is True]
    found: Any = notes.setdefault(THAWED, {})
    for part in thawed[:1]:
        place = part.state.get(CHANGED) or part.place
        found[call.place] = Thawed(part.cls.name, place, first, call.place)
