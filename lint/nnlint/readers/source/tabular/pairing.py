"""Features and labels that a program gives along with each other."""

from __future__ import annotations

from nnlint.evidence.pairs import Pair
from nnlint.evidence.place import Place
from nnlint.readers.source.feeding import ordered
from nnlint.readers.source.interpreter import Interpreter
from nnlint.readers.source.tabular.values import Data


def note_pair(i: Interpreter, place: Place, api: str, features: Data | None, labels: Data | None) -> None:
    """Note which rows and columns both are; nothing where the order of rows means something."""
    if features is None or labels is None or features.rows is None or labels.rows is None:
        return
    if features.single or ordered(i.frame.text):
        return
    known = features.order is not None and labels.order is not None and labels.single
    listed = i.trace.notes.setdefault("pairs", [])
    if isinstance(listed, list):
        listed.append(
            Pair(
                place,
                api,
                features.rows,
                labels.rows,
                (features.order or ()) if known else (),
                (labels.order or ()) if known else (),
                features.columns,
                labels.column,
            )
        )
