"""Shape rules of operations that move or join values: reshape, permute, squeeze, expand, concat, split."""

from __future__ import annotations

from collections.abc import Sequence

from nnlint.network.shape import UNKNOWN, Conflict, Shape, flatten
from nnlint.network.shapes import Attributes, choice, number
from nnlint.network.size import Size, Symbolic, add, differ, divide, product


def flatten_axes(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Merge ``start`` to ``end``."""
    start, end = number(attributes, "start", 0), number(attributes, "end", -1)
    return UNKNOWN if start is None or end is None else flatten(shapes[0], start, end)


def reshape(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``shape``: sizes, at most one of them −1, or unknown (None)."""
    x, wanted = shapes[0], attributes.get("sizes")
    if not isinstance(wanted, tuple):
        return UNKNOWN
    if len(wanted) > 1 and isinstance(wanted[0], Symbolic) and wanted[0] == x.axis(0):
        # The batch stays: the rest can be compared as numbers.
        rest_of_x = Shape(x.sizes[1:])
        return Shape((wanted[0], *reshape((rest_of_x,), {"sizes": wanted[1:]}).sizes))
    total = x.elements()
    free = [i for i, s in enumerate(wanted) if s == -1 and isinstance(s, int)]
    if len(free) > 1:
        raise Conflict("only one size can be -1")
    if not free:
        target = product(wanted)
        if differ(target, total):
            raise Conflict(f"{x} has {total} values, {Shape(wanted)} needs {target}")
        return Shape(wanted)
    rest = product(s for i, s in enumerate(wanted) if i not in free)
    if isinstance(total, int) and isinstance(rest, int) and rest and total % rest:
        raise Conflict(f"{x} has {total} values, not a multiple of {rest}")
    if free == [0] and isinstance(x.axis(0), Symbolic):
        _check_samples(x, rest)
    missing = divide(total, rest)
    return Shape(tuple(missing if i in free else s for i, s in enumerate(wanted)))


def _check_samples(x: Shape, row: Size) -> None:
    """``view(-1, row)`` of a batch: a row that is neither a part of a sample nor whole ones fits none."""
    sample = product(x.sizes[1:])
    if isinstance(sample, int) and isinstance(row, int) and sample and row and sample % row and row % sample:
        raise Conflict(f"a sample of {x} has {sample} values, the row {row}")


def permute(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Axes in the order ``order``."""
    x, order = shapes[0], attributes.get("order")
    if not isinstance(order, tuple) or not all(isinstance(i, int) for i in order):
        return UNKNOWN
    if x.rank is None:
        return Shape((None,) * len(order))
    if sorted(i % x.rank if x.rank else i for i in order) != list(range(x.rank)):
        raise Conflict(f"order {order} does not fit {x}")
    return Shape(tuple(x.axis(i % x.rank) for i in order))


def transpose(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Swap two axes."""
    x, a, b = shapes[0], number(attributes, "first"), number(attributes, "second")
    if a is None or b is None:
        return UNKNOWN
    if x.rank is None:
        if a < 0 and b < 0 and max(-a, -b) <= len(x.sizes):
            sizes = list(x.sizes)
            sizes[a], sizes[b] = sizes[b], sizes[a]
            return Shape(tuple(sizes), open=True)
        return UNKNOWN
    if not (-x.rank <= a < x.rank and -x.rank <= b < x.rank):
        raise Conflict(f"axes {a} and {b} do not exist in {x}")
    sizes = list(x.sizes)
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return Shape(tuple(sizes))


def squeeze(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Drop ``axis`` if its size is 1; without an axis, drop every 1."""
    x, axis = shapes[0], attributes.get("axis")
    if axis is None and "axis" in attributes:
        axis = ()
    if axis is None:
        if x.rank is None or any(not isinstance(s, int) for s in x.sizes):
            return UNKNOWN
        return Shape(tuple(s for s in x.sizes if s != 1))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if x.rank is None or not all(isinstance(a, int) for a in axes):
        if axes == (-1,) and x.axis(-1) == 1:
            return x.drop_last(1)
        return UNKNOWN
    positions = {a % x.rank for a in axes if x.rank}
    if any(not isinstance(x.sizes[p], int) for p in positions):
        return UNKNOWN
    return Shape(tuple(s for i, s in enumerate(x.sizes) if not (i in positions and s == 1)))


def unsqueeze(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Insert an axis of size 1 at ``axis``."""
    x, axis = shapes[0], number(attributes, "axis")
    if axis is None:
        return UNKNOWN
    if axis == -1:
        return Shape((*x.sizes, 1), x.open)
    if x.rank is None:
        return UNKNOWN
    position = axis % (x.rank + 1)
    return Shape((*x.sizes[:position], 1, *x.sizes[position:]))


def expand(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``sizes`` with −1 for "as it is"."""
    x, wanted = shapes[0], attributes.get("sizes")
    if not isinstance(wanted, tuple):
        return UNKNOWN
    result: list[Size] = []
    for i in range(1, len(wanted) + 1):
        size = wanted[-i]
        result.append(x.axis(-i) if size == -1 and isinstance(size, int) else size)
    return Shape(tuple(reversed(result)))


NOTHING = Shape((0,))
"""What ``torch.cat`` leaves out whatever the rank of the others is."""


def concat(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Sizes add up on ``axis`` and must agree on the others."""
    axis = number(attributes, "axis")
    if axis is None or not shapes:
        return UNKNOWN
    shapes = [s for s in shapes if s != NOTHING] or shapes
    ranks = {s.rank for s in shapes if s.rank is not None}
    if len(ranks) > 1:
        raise Conflict(f"different numbers of axes: {', '.join(map(str, shapes))}")
    if not ranks:
        if axis == -1 and all(s.sizes for s in shapes):
            return Shape((_total(shapes, -1),), open=True)
        return UNKNOWN
    rank = ranks.pop()
    if not -rank <= axis < rank:
        raise Conflict(f"axis {axis} does not exist in {shapes[0]}")
    position = axis % rank
    sizes: list[Size] = []
    for i in range(rank):
        column = [s.axis(i - rank) for s in shapes]
        if i == position:
            sizes.append(_total(shapes, i - rank))
            continue
        known = [c for c in column if c is not None]
        clash = next((c for c in known[1:] if differ(known[0], c)), None)
        if clash is not None:
            raise Conflict(f"sizes {known[0]} and {clash} on axis {i}: {', '.join(map(str, shapes))}")
        sizes.append(known[0] if known else None)
    return Shape(tuple(sizes))


def _total(shapes: Sequence[Shape], axis: int) -> Size:
    total: Size = 0
    for shape in shapes:
        total = add(total, shape.axis(axis))
    return total


def stack(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """A new axis of as many entries as there are inputs."""
    axis, first = number(attributes, "axis", 0), choice(shapes, attributes)
    if axis is None or first.rank is None:
        return UNKNOWN
    position = axis % (first.rank + 1)
    return Shape((*first.sizes[:position], len(shapes), *first.sizes[position:]))


def split_part(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """One part of a split: ``axis`` has size ``size`` (None: unknown)."""
    axis = number(attributes, "axis")
    return UNKNOWN if axis is None else shapes[0].replace(axis, attributes.get("size"))
