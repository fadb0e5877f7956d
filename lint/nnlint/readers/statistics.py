"""Statistics of tensors, of their values one by one and of their slices, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nnlint.evidence.place import Place
from nnlint.evidence.weights import Slices, StoredTensor

Array = npt.NDArray[Any]

CHUNK = 2**17
"""Values looked at in one step: 1 MB as float64 stays in the cache."""
MOST_SLICES = 2**16
"""Axes longer than this are tables (of words), not units."""
MOST_GROUPS = 64
"""Groups of equal slices that are told apart; beyond, the rest is left out."""
FEWEST_DISTINCT = 8
"""Slices of fewer different values (binary and ternary nets, tiny filters) may be equal by chance."""


def bfloat16(bits: Array) -> Array:
    """Numbers from the bits of bfloat16, the upper half of a float32, which numpy does not have."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


@dataclass
class Statistics:
    """Counts, extremes and moments of all values seen; extremes and moments of the finite ones."""

    count: int = 0
    nan_count: int = 0
    inf_count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    _shift: float | None = None  # the first value, taken off before squaring, keeps the variance exact
    _sum: float = 0.0
    _squares: float = 0.0

    def add(self, chunk: Array) -> None:
        """Take in some values."""
        with np.errstate(all="ignore"):  # signalling NaNs, squares beyond float64
            self._add(chunk.astype(np.float64))

    def _add(self, values: npt.NDArray[np.float64]) -> None:
        if not values.size:
            return
        self.count += values.size
        low, high = float(values.min()), float(values.max())
        if not math.isfinite(low) or not math.isfinite(high):  # NaN passes through min and max
            values = self._finite(values)
            if not values.size:
                return
            low, high = float(values.min()), float(values.max())
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        if self._shift is None:
            self._shift = float(values[0])
        values -= self._shift
        self._sum += float(values.sum())
        self._squares += float(np.square(values, out=values).sum())

    def _finite(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        finite = values[np.isfinite(values)]
        nans = int(np.isnan(values).sum())
        self.nan_count += nans
        self.inf_count += values.size - finite.size - nans
        return finite

    @property
    def finite(self) -> int:
        """How many values are numbers."""
        return self.count - self.nan_count - self.inf_count

    @property
    def mean(self) -> float | None:
        """Mean of the finite values."""
        return None if self._shift is None else self._shift + self._sum / self.finite

    @property
    def deviation(self) -> float | None:
        """Population standard deviation of the finite values."""
        if self._shift is None or not math.isfinite(self._squares):
            return None
        return math.sqrt(max(0.0, self._squares / self.finite - (self._sum / self.finite) ** 2))

    @property
    def constant(self) -> bool:
        """All values are one and the same number."""
        return self.count > 0 and self.finite == self.count and self.minimum == self.maximum


def slices(array: Array, axis: int, decode: Callable[[Array], Array] | None = None) -> Slices | None:
    """What the slices of a matrix along ``axis`` are; None where that axis is no axis of units.

    ``decode`` makes numbers of stored bits.
    """
    if array.ndim < 2 or array.size == 0 or array.shape[axis] > MOST_SLICES:
        return None
    view = np.moveaxis(array, axis, 0)
    squares, zeros = np.zeros(len(view)), np.zeros(len(view))
    count = array.size // len(view)
    with np.errstate(all="ignore"):
        for block in _blocks(array):
            part = np.array(decode(array[block]) if decode else array[block], np.float64)
            along = tuple(i for i in range(array.ndim) if i != axis)
            at = block if axis == 0 else slice(None)
            zeros[at] += (part == 0.0).sum(axis=along)
            squares[at] += np.square(part, out=part).sum(axis=along)
        norms = np.sqrt(squares / count)
    return Slices(
        tuple(norms.tolist()), tuple(zeros.astype(int).tolist()), count, tuple(_copies(view, norms))
    )


def _blocks(array: Array) -> Iterator[slice]:
    """Ranges of the first axis of about CHUNK values each."""
    step = max(1, CHUNK * len(array) // array.size)
    return (slice(start, start + step) for start in range(0, len(array), step))


def _copies(view: Array, norms: npt.NDArray[np.float64]) -> Iterator[tuple[int, ...]]:
    """Groups of slices that are equal and not zero; equal slices have equal norms, so few are compared."""
    _, at, counts = np.unique(norms.astype(np.float32), return_inverse=True, return_counts=True)
    for candidate in np.flatnonzero(counts > 1)[:MOST_GROUPS]:
        members = np.flatnonzero(at == candidate)
        first = np.asarray(view[members[0]])
        if not norms[members[0]] > 0.0:
            continue
        equal = tuple(int(i) for i in members if np.array_equal(view[i], first))
        if len(equal) > 1 and len(np.unique(first)) >= FEWEST_DISTINCT:
            yield equal


def stored_tensor(
    path: Path, name: str, shape: tuple[int, ...], dtype: str, statistics: Statistics
) -> StoredTensor:
    """A tensor of a file with what its values say; the extremes are those of the finite ones."""
    finite = statistics.finite > 0
    return StoredTensor(
        name,
        Place(str(path), part=f"tensor '{name}'"),
        shape,
        dtype,
        statistics.nan_count,
        statistics.inf_count,
        statistics.minimum if finite else None,
        statistics.maximum if finite else None,
        statistics.mean,
        statistics.deviation,
        statistics.constant,
    )
