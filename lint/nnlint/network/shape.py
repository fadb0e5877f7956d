"""Shapes of tensors: the trailing axes that are known, and whether there may be more in front.

``Shape((N, 64))`` is exactly (N, 64); ``Shape((64,), open=True)`` is (…, 64): what a Linear with 64
outputs gives whatever comes in. ``UNKNOWN`` is (…).
"""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.network.size import Size, multiply, nameless, product, same


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the trailing axes; ``open`` when unknown axes may stand before them."""

    sizes: tuple[Size, ...] = ()
    open: bool = False

    @property
    def rank(self) -> int | None:
        """Number of axes, None when not known."""
        return None if self.open else len(self.sizes)

    def axis(self, index: int) -> Size:
        """The size at ``index`` (negative from the end), None when not known or out of range."""
        if index < 0:
            return self.sizes[index] if -index <= len(self.sizes) else None
        if self.open or index >= len(self.sizes):
            return None
        return self.sizes[index]

    def replace(self, index: int, size: Size) -> Shape:
        """The same shape with another size at ``index``; UNKNOWN when that axis cannot be told."""
        if index >= 0 and self.open:
            return Shape((None,) * 0, open=True)
        position = index if index >= 0 else len(self.sizes) + index
        if not 0 <= position < len(self.sizes):
            if self.open:
                return Shape((size, *(None,) * (-index - 1)), open=True).meet_tail(self)
            return self
        return Shape((*self.sizes[:position], size, *self.sizes[position + 1 :]), self.open)

    def meet_tail(self, other: Shape) -> Shape:
        """Fill unknown trailing sizes from ``other``."""
        tail = tuple(
            s if s is not None else other.axis(i - len(self.sizes)) for i, s in enumerate(self.sizes)
        )
        return Shape(tail, self.open)

    def drop_last(self, count: int) -> Shape:
        """Without the last ``count`` axes."""
        return Shape(self.sizes[: max(0, len(self.sizes) - count)], self.open)

    def elements(self) -> Size:
        """The number of values, None when not known."""
        return None if self.open else product(self.sizes)

    @property
    def of_maps(self) -> bool:
        """(…, C, ?, ?): what a convolution over two axes makes of an input of which nothing is known."""
        return self.open and len(self.sizes) == 3 and [s is None for s in self.sizes] == [False, True, True]

    def __str__(self) -> str:
        names = ["…"] if self.open else []
        names += ["?" if s is None or nameless(s) else str(s) for s in self.sizes]
        return f"({', '.join(names)}{',' if len(names) == 1 and not self.open else ''})"


UNKNOWN = Shape(open=True)


class Conflict(Exception):
    """Sizes that cannot meet, proven. The message names both values.

    ``about``: ``sizes``, ``window`` (nothing is left to slide over) or ``multiple`` (does not divide).
    """

    def __init__(self, message: str, about: str = "sizes") -> None:
        super().__init__(message)
        self.about = about


def join(a: Shape, b: Shape) -> Shape:
    """What holds whichever of the two it is."""
    length = min(len(a.sizes), len(b.sizes))
    tail = tuple(a.sizes[-i] if same(a.sizes[-i], b.sizes[-i]) else None for i in range(length, 0, -1))
    return Shape(tail, a.open or b.open or len(a.sizes) != len(b.sizes))


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of an elementwise operation (NumPy's rules).

    Raises Conflict when two sizes are proven to differ and neither is 1.
    """
    if a == b:
        return a
    rank = max(len(a.sizes), len(b.sizes))
    return Shape(tuple(_broadcast_axis(a, b, i) for i in range(rank, 0, -1)), a.open or b.open)


def _broadcast_axis(a: Shape, b: Shape, i: int) -> Size:
    left = a.axis(-i) if i <= len(a.sizes) else (None if a.open else 1)
    right = b.axis(-i) if i <= len(b.sizes) else (None if b.open else 1)
    if left == 1:
        return right
    if right == 1:
        return left
    if isinstance(left, int) and isinstance(right, int) and left != right:
        raise Conflict(f"sizes {left} and {right} do not broadcast: {a} with {b}")
    if left is None or right is None:
        known = left if right is None else right
        return known if isinstance(known, int) else None
    return left if same(left, right) else None


def flatten(shape: Shape, start: int, end: int) -> Shape:
    """Merge the axes ``start`` to ``end`` (inclusive, negative from the end) into one."""
    rank = shape.rank
    if rank is None:
        after = -end - 1 if end < 0 else None
        if after is None or after > len(shape.sizes):
            return UNKNOWN
        kept = shape.sizes[len(shape.sizes) - after :] if after else ()
        if start >= 0 and end == -1:
            return Shape((None,) * (start + 1))
        return Shape((None, *kept), open=True)
    first, last = start % max(rank, 1), end % max(rank, 1)
    merged: Size = 1
    for size in shape.sizes[first : last + 1]:
        merged = multiply(merged, size)
    return Shape((*shape.sizes[:first], merged, *shape.sizes[last + 1 :]))
