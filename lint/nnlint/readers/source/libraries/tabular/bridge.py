"""From data to tensors and back: which data is in a tensor."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from nnlint.evidence.source import Columns, Fit, Rows, Taken
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.values import Instance, ListValue, Value, Weight
from nnlint.readers.source.libraries.tabular.values import Data, Mark, Subset, data_of, stepped, unique

KEEPING = frozenset(
    {
        *("detach", "cast", "reshape", "flatten", "unsqueeze", "squeeze", "permute", "transpose", "view"),
        *("contiguous", "clone", "expand"),
    }
)
"""Operations that leave the values as they are."""

AGGREGATES = frozenset({"mean", "reduce", "max", "min"})

MAX_WALK = 200
"""Operations between a batch and its data; longer ways are not followed."""


def attributes(value: Tensor | Weight) -> Mapping[str, Any]:
    """The attribute by which a batch of ``value`` remembers its data."""
    data = provenance(value)
    return {} if data is None else {"data": data}


def provenance(value: Value) -> Data | None:
    """The data in a tensor, None when operations in between are not understood."""
    tensor = value.tensor if isinstance(value, Weight) else value
    return _walk(tensor.operation, MAX_WALK) if isinstance(tensor, Tensor) else None


def _walk(operation: Operation, budget: int) -> Data | None:
    held = operation.attributes.get("data")
    if isinstance(held, Data):
        return held
    if not operation.inputs or budget <= 0:
        return None
    first = _walk(operation.inputs[0].operation, budget - 1)
    if first is None:
        return None
    if operation.kind in KEEPING:
        return replace(first, rank=None)
    if operation.kind in ARITHMETIC and len(operation.inputs) > 1:
        fits = _statistics(operation.inputs[1].operation, first, budget - 1)
        scaled = True if operation.kind in ("divide", "multiply") else first.scaled or None
        marks = unique((*first.marks, *map(Mark, fits)))
        return replace(first, scaled=scaled, marks=marks, changed=None)
    if operation.kind == "normalize":
        return replace(first, scaled=True, changed=None)
    if operation.kind == "index":
        return _indexed(operation, first)
    return None


def _indexed(operation: Operation, data: Data) -> Data:
    """One row, some rows, or columns by position, of a tensor."""
    parts = operation.attributes.get("index")
    if isinstance(parts, tuple) and len(parts) == 2 and parts[0] == slice(None) and data.columns is not None:
        return _columns(data, parts[1])
    if not isinstance(parts, tuple) or len(parts) != 1:
        return replace(data, rows=None, columns=None, rank=None)
    return replace(data, rows=None if isinstance(parts[0], slice) else data.rows, rank=None)


def _columns(data: Data, index: Value) -> Data:
    if isinstance(index, int):
        return replace(data, columns=stepped(data.columns, "take", (index,)), single=True, rank=None)
    if isinstance(index, slice) and index.step is None:
        first, last = index.start, index.stop
        if isinstance(first, int | None) and isinstance(last, int | None):
            return replace(data, columns=stepped(data.columns, "slice", (first, last)), rank=None)
    return replace(data, columns=None, rank=None)


def sliced(operations: list[Operation]) -> list[Subset]:
    """Rows that are cut out of tensors by slices."""
    found: list[Subset] = []
    for operation in operations:
        parts = operation.attributes.get("index") if operation.kind == "index" else None
        if not isinstance(parts, tuple) or not parts or not isinstance(parts[0], slice):
            continue
        data = _walk(operation.inputs[0].operation, MAX_WALK)
        if data is not None and data.rows is not None and len(found) < MAX_SLICES:
            rows = Rows(-len(found) - 1, "", operation.place, data.rows, data.rows.source)
            text = f"[{_bound(parts[0].start)}:{_bound(parts[0].stop)}]"
            fits = tuple(m.fit for m in data.marks)
            found.append(
                Subset(
                    data.rows,
                    (rows,),
                    fits,
                    operation.place,
                    text,
                    sorted_by=data.sorted_by,
                    single=data.single,
                )
            )
    return found


MAX_SLICES = 50


def _bound(value: Value) -> str:
    """A bound of a slice; those that are not known are taken to be the same."""
    return "" if value is None else str(value) if isinstance(value, int) else "?"


ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide"})


def _statistics(operation: Operation, data: Data, budget: int) -> list[Fit]:
    """Aggregates over the rows of ``data`` in the operand of an arithmetic operation."""
    if budget <= 0:
        return []
    if operation.kind in AGGREGATES and operation.inputs:
        over = operation.attributes.get("axis")
        source = _walk(operation.inputs[0].operation, budget - 1)
        if source is not None and source.rows is not None and over in (None, 0, (0,)):
            return [_fit(operation, source.rows)]
        return []
    return [fit for t in operation.inputs for fit in _statistics(t.operation, data, budget - 1)]


def _fit(operation: Operation, rows: Rows) -> Fit:
    return Fit(operation.kind, "statistic", rows, operation.place, id(operation))


def data_in(dataset: Value, depth: int = 3) -> list[Data]:
    """The data that a data set of the program holds: its tensors, frames and arrays, the features first."""
    data = data_of(dataset)
    if data is None and isinstance(dataset, Tensor | Weight):
        data = provenance(dataset)
    if data is not None:
        return [data]
    if depth <= 0:
        return []
    if isinstance(dataset, Instance):
        parts: list[Value] = list(dataset.state.values())
    elif isinstance(dataset, ListValue):
        parts = list(dataset.items or ())[:8]
    else:
        parts = list(dataset)[:8] if isinstance(dataset, tuple) else []
    return [found for item in parts for found in data_in(item, depth - 1)]


def identity(data: Data) -> tuple[Hashable, str]:
    """What tells the rows from others, and the split that they are said to be.

    Arrays of one archive may be of other rows each, as ``d["x_a"]`` and ``d["x_b"]``.
    """
    if data.rows is None:
        return None, ""
    first = data.columns.steps[0] if data.columns is not None and data.columns.steps else ("", ())
    member = first[1] if first[0] == "array" else ()
    return ("rows", data.rows.key, *member), "" if data.rows.role == "all" else data.rows.role


def scale_of(value: Value) -> tuple[bool | None, Hashable]:
    """Whether the first data in a value was scaled, and what all parts share that were read with it."""
    data = next(iter(data_in(value)), None)
    if data is None or data.rows is None or data.single:
        return None, None
    rows = data.rows
    while rows.parent is not None:
        rows = rows.parent
    return data.scaled, (data.span.api, data.span.place) if data.span is not None else ("rows", rows.key)


def feature_marks(parts: list[Data]) -> tuple[Mark, ...]:
    """The fits in the features of what is split: in all that is not a single column beside others."""
    wide = [d for d in parts if not d.single] or parts[:1]
    return unique(m for d in wide for m in d.marks)


def taken(value: Value) -> Taken | None:
    """The columns that are in a value, None when they are not known."""
    data = data_of(value) or provenance(value)
    if data is None or data.columns is None:
        return None
    role = data.rows.role if data.rows is not None else ""
    coded = data.coded or (data.labels is not None and data.labels.encoding == "integers")
    return Taken(data.columns, data.changed, coded, data.single, role)


def centred(value: Value) -> Fit | None:
    """The scaler that was the last to change a value, where it moves means to 0."""
    data = data_of(value) or provenance(value)
    scalers = (
        [m.fit for m in data.marks if m.fit.learns in ("scaler", "statistic")] if data is not None else []
    )
    return scalers[0] if len(scalers) == 1 and scalers[0].centres else None


def picks(data: Data | None) -> Columns | None:
    """The columns of a value, None when they are not known."""
    return data.columns if data is not None else None
