"""How classes are written: as numbers or as one-hot rows, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nnlint.evidence.source import Labels
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.values import Instance, Value, Weight

KEEPING = frozenset(
    {
        "cast",
        "detach",
        "reshape",
        "squeeze",
        "unsqueeze",
        "flatten",
        "identity",
        "expand",
        "permute",
        "transpose",
    }
)
"""Operations that leave the encoding of labels as it is."""

HELD = "_labels"
"""The attribute by which data sets and generators say how their labels are written."""


def labels_of(value: Value) -> Labels | None:
    """How a target writes its classes, None when that is not known."""
    if isinstance(value, Weight):
        return None
    if isinstance(value, Tensor):
        return _of_tensor(value.operation)
    if isinstance(value, Instance):
        held = value.state.get(HELD)
        data = value.state.get("_data")
        found = held if held is not None else getattr(data, "labels", None)
        return found if isinstance(found, Labels) else None
    return None


def _of_tensor(operation: Operation) -> Labels | None:
    found = _written(operation)
    if found is None or all(map(_keeps_classes, _way(operation))):
        return found
    return replace(found, classes=None)


def _way(operation: Operation) -> Iterator[Operation]:
    """What is done to labels since they were written."""
    while operation.inputs and "labels" not in operation.attributes and operation.kind != "one_hot":
        yield operation
        operation = operation.inputs[0].operation


def _keeps_classes(operation: Operation) -> bool:
    """Not some rows by a condition, which may leave classes out."""
    parts = operation.attributes.get("index", ())
    return operation.kind != "index" or all(isinstance(part, slice) for part in parts)


def _written(operation: Operation) -> Labels | None:
    while True:
        known = operation.attributes.get("labels")
        if isinstance(known, Labels):
            return known
        held = getattr(operation.attributes.get("data"), "labels", None)
        if isinstance(held, Labels):
            return held
        if operation.kind == "one_hot":
            classes = operation.attributes.get("classes")
            known = classes if isinstance(classes, int) and classes > 0 else None
            return Labels("one-hot", operation.name or "one_hot", operation.place, known)
        if not operation.inputs or not (operation.kind in KEEPING or _picks_rows(operation)):
            return None
        operation = operation.inputs[0].operation


def _picks_rows(operation: Operation) -> bool:
    """``y[:100]``, ``y[indices]``: some of the labels, each as it was."""
    parts = operation.attributes.get("index")
    return operation.kind == "index" and isinstance(parts, tuple) and len(parts) == 1
