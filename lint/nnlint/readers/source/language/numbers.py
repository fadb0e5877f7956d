"""Tensors whose values are known, as programs make them for schedules: ``linspace(0, rate, depth)``."""

from __future__ import annotations

from collections.abc import Sequence

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.values import Value, Weight

MAX_NUMBERS = 4096
"""Longer tensors are kept without their values."""

Numbers = tuple[float, ...]


def numbers_of(value: Value) -> Numbers | None:
    """The values of a tensor of one axis or none, None where they are not known."""
    found = value.operation.attributes.get("numbers") if isinstance(value, Tensor) else None
    return found if isinstance(found, tuple) else None


def as_attribute(values: Sequence[float]) -> dict[str, Numbers]:
    """The attribute of an operation that keeps its values; empty when there are too many."""
    return {"numbers": tuple(values)} if len(values) <= MAX_NUMBERS else {}


def picked(value: Value, index: Value) -> dict[str, Numbers]:
    """The attribute for what ``value[index]`` keeps of the values."""
    values = numbers_of(value)
    if values is None or isinstance(value, Weight):
        return {}
    try:
        if isinstance(index, slice):
            return {"numbers": values[index]}
        if isinstance(index, int) and value.shape.rank == 1:
            return {"numbers": (values[index],)}
    except (IndexError, TypeError, ValueError):
        pass
    return {}


def linspace(start: float, end: float, steps: int) -> Numbers:
    """Equal steps from the start to the end, both included."""
    if steps == 1:
        return (start,)
    return tuple(start + (end - start) * n / (steps - 1) for n in range(steps))


def plain(value: Value) -> Value:
    """``tensor.item()`` or one of ``tolist()``: the number, or the list's items; None where not known."""
    values = numbers_of(value)
    if values is None:
        return None
    return values[0] if value.shape.rank == 0 and len(values) == 1 else values
