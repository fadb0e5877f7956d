"""Features and labels that a program gives along with each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from nnlint.evidence.pairs import Pair
from nnlint.evidence.place import Place
from nnlint.evidence.source import Rows
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.feeding import ordered
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import Value, Weight
from nnlint.readers.source.libraries.tabular.bridge import MAX_WALK
from nnlint.readers.source.libraries.tabular.rows import abut
from nnlint.readers.source.libraries.tabular.values import Data, part_text


def note_pair(i: Interpreter, place: Place, api: str, features: Data | None, labels: Data | None) -> None:
    """Note which rows and columns both are; nothing where the order of rows means something."""
    if features is None or labels is None or features.rows is None or labels.rows is None:
        return
    if features.single or ordered(i.frame.text):
        return
    alone = labels.single or features.rows.source != labels.rows.source
    known = features.order is not None and labels.order is not None and alone
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
                _are_apart(i, features.rows, labels.rows),
            )
        )


def _are_apart(i: Interpreter, first: Rows, second: Rows) -> bool:
    """``X[:n]`` along with ``y[n:]``."""
    if first.parent is None or second.parent is None or first.parent.key != second.parent.key:
        return False
    return first.key != second.key and abut([part_text(i, first), part_text(i, second)])


def note_met(i: Interpreter, place: Place, api: str, prediction: Tensor, target: Value) -> None:
    """A loss compares labels with what a network makes of features: of arrays or batches of them."""
    given = target.tensor if isinstance(target, Weight) else target
    if isinstance(given, Tensor):
        labels = [replace(d, single=True) for d in _held(given)]
        features = [d for d in _held(prediction) if not d.single]
        if len(labels) == 1 and features:
            note_pair(i, place, api, features[0], labels[0])


def _held(tensor: Tensor) -> list[Data]:
    """The data that a tensor is computed from, nearest first."""
    found = (o.attributes.get("data") for o in islice(tensor.ancestors(), MAX_WALK))
    return [data for data in found if isinstance(data, Data)]
