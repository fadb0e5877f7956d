"""Indexing of tensors: integers, slices, None, Ellipsis; anything else gives an unknown shape."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.network.facts import hull
from nnlint.network.graph import Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size, Symbolic, add, negative
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.numbers import picked
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import Value, Weight

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def index_tensor(i: Interpreter, value: Value, index: Value, node: ast.AST) -> Tensor:
    """``tensor[index]`` as an operation."""
    tensor = value.tensor if isinstance(value, Weight) else value
    parts = index if isinstance(index, tuple) else (index,)
    shape = indexed(tensor.shape, parts)
    attributes = {"shape": shape, "index": parts, **picked(tensor, index)}
    return i.operate("index", (tensor,), attributes, i.place(node))


def write_item(i: Interpreter, value: Value, node: ast.AST) -> None:
    """``tensor[index] = value``: the name holds what it held and what is written into it."""
    target = node
    while isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Name | ast.Attribute):
        return
    whole = i.evaluate(target)
    if not isinstance(whole, Tensor):
        return
    given = value.tensor if isinstance(value, Weight) else value
    inputs = (whole, given) if isinstance(given, Tensor) else (whole,)
    attributes = {"shape": whole.shape, "inplace": True}
    written = i.operate("computed", inputs, attributes, i.place(node))
    number = as_tensor(i, given, node).range  # None for what is no number and no tensor
    assign(i, target, replace(written, range=hull(whole.range, number)))


def indexed(shape: Shape, parts: tuple[Value, ...]) -> Shape:
    """The shape after basic indexing, or by one row of numbers or truth values (NumPy's rules)."""
    listed = [n for n, part in enumerate(parts) if _is_row(part)]
    if len(listed) == 1:
        return _listed(shape, parts, listed[0])
    if not all(_basic(p) for p in parts):
        return UNKNOWN_SHAPE
    consumed = sum(p is not None and p is not Ellipsis for p in parts)
    if Ellipsis in [p for p in parts if p is None or isinstance(p, type(Ellipsis))]:
        at = next(n for n, p in enumerate(parts) if p is Ellipsis)
        return _around_ellipsis(shape, parts[:at], parts[at + 1 :])
    if shape.rank is None and shape.sizes and _leaves_last(parts):
        return Shape((shape.sizes[-1],), open=True)
    if shape.rank is None or consumed > shape.rank:
        return UNKNOWN_SHAPE
    sizes, rest = _take(parts, list(shape.sizes))
    return Shape((*sizes, *rest))


def _is_row(part: Value) -> bool:
    return isinstance(part, Tensor) and part.shape.rank == 1


def _listed(shape: Shape, parts: tuple[Value, ...], at: int) -> Shape:
    """``x[rows]``, ``x[:, columns]``: that axis has as many places as are picked; the others stay."""
    whole = slice(None)
    kept = (*parts[:at], whole, *parts[at + 1 :])
    found = indexed(shape, kept)
    if found.rank is None or any(part is Ellipsis for part in kept):
        return UNKNOWN_SHAPE
    axis = sum(part is None or isinstance(part, slice) for part in kept[:at])
    if any(isinstance(part, int | Symbolic) for part in kept):
        return UNKNOWN_SHAPE  # numbers beside a list may move its axis to the front
    return Shape((*found.sizes[:axis], None, *found.sizes[axis + 1 :]))


def _leaves_last(parts: tuple[Value, ...]) -> bool:
    """``[:, -1, :]``: whatever the number of axes, the last one is as it was."""
    return len(parts) > 1 and isinstance(parts[-1], slice) and parts[-1] == slice(None)


def _basic(part: Value) -> bool:
    return (
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, int | Symbolic) and not isinstance(part, bool))
    )


def _take(parts: tuple[Value, ...], sizes: list[Size]) -> tuple[list[Size], list[Size]]:
    result: list[Size] = []
    for part in parts:
        if part is None:
            result.append(1)
        elif isinstance(part, slice):
            result.append(sliced(sizes.pop(0), part))
        else:
            sizes.pop(0)
    return result, sizes


def _around_ellipsis(shape: Shape, before: tuple[Value, ...], after: tuple[Value, ...]) -> Shape:
    tail = sum(p is not None for p in after)
    head = sum(p is not None for p in before)
    if tail > len(shape.sizes) or (shape.rank is not None and head + tail > shape.rank):
        return UNKNOWN_SHAPE
    split = len(shape.sizes) - tail
    end, _ = _take(after, list(shape.sizes[split:]))
    if shape.open:
        if before:
            return Shape(tuple(end), open=True)
        return Shape((*shape.sizes[:split], *end), open=True)
    start, middle = _take(before, list(shape.sizes[:split]))
    return Shape((*start, *middle, *end))


def sliced(size: Size, part: slice) -> Size:
    """The length of a slice of an axis."""
    start, stop, step = part.start, part.stop, part.step
    if (start, stop, step) == (None, None, None):
        return size
    if (
        isinstance(size, int)
        and size >= 0
        and all(v is None or isinstance(v, int) for v in (start, stop, step))
        and step != 0
    ):
        return len(range(*part.indices(size)))
    if step in (None, 1) and start is None and isinstance(stop, int) and stop < 0:
        return add(size, stop)
    if step in (None, 1) and stop is None and isinstance(start, int) and start >= 0:
        return add(size, negative(start)) if size is not None else None
    return None
