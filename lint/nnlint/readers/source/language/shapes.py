"""``x.shape`` as a value: a tuple where the rank is known, else something single sizes can be asked of."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.network.layouts import axis_symbol
from nnlint.readers.source.language.values import UNKNOWN, Value


class OpenShape:
    """The shape of a tensor of unknown rank."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def item(self, index: Value) -> Value:
        """``shape[index]``."""
        if isinstance(index, slice) and index.start is None and index.step is None:
            stop = index.stop
            return (
                tuple(size_at(self.tensor, n) for n in range(stop))
                if isinstance(stop, int) and 0 <= stop < 8
                else UNKNOWN
            )
        return size_at(self.tensor, index) if isinstance(index, int) else UNKNOWN

    def sizes(self, count: int) -> list[Value]:
        """``a, b, c = shape``: the program says how many axes there are."""
        known = len(self.tensor.shape.sizes)
        return [size_at(self.tensor, n - count if count - n <= known else n) for n in range(count)]


def shape_of(tensor: Tensor) -> Value:
    """``x.shape``."""
    if tensor.shape.rank is None:
        return OpenShape(tensor)
    return tuple(size_at(tensor, n) for n in range(tensor.shape.rank))


def size_at(tensor: Tensor, axis: int) -> Value:
    """One size; a symbol of its own where it is not known."""
    size = tensor.shape.axis(axis)
    return axis_symbol(tensor.operation.number, axis) if size is None else size
