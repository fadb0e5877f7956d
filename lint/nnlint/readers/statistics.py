"""Statistics of tensors, of their values one by one and of their slices, in bounded memory."""

from __future__ import annotations

import math
from array import array as array_of_numbers
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.weights import Slices, StoredTensor

Array = npt.NDArray[Any]
Decoder = Callable[[Array], Array]

CHUNK = 2**17
"""Values looked at in one step: they stay in the cache of a core while it goes over them again."""
WIDEST = 2**13
"""Columns of a block: OpenBLAS hands longer products to threads."""
MOST_ROWS = 2**10
"""Rows of a block: sums of single precision over more would lose digits."""
SMALL = 2**14
"""Tensors of so many values are summed in double precision throughout."""
SPACING = 4
ROWS_OF_SAMPLE = 2**8
"""Columns are compared by every fourth row, by so many at least: their squares are a pass of their own."""
SQUARED = (1e-15, 1e15)
"""Magnitudes whose squares, and sums of them, single precision can hold."""
CENTRED = 5.0
"""Deviations that the mean may be from 0 before the variance is computed from the distances to it."""
NOTHING = 1e-6
"""Of the largest slice: smaller ones are looked at value by value."""
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


@dataclass(frozen=True)
class Survey:
    """What one pass over a tensor tells: all values together, and the slices along the axes asked for."""

    statistics: Statistics
    slices: tuple[Slices | None, ...]


def survey(
    array: Array, axes: tuple[int | None, ...] = (), decode: Decoder | None = None, step: int = CHUNK
) -> Survey:
    """Statistics and slices of a tensor, in one pass and in bounded memory.

    ``decode`` makes numbers of stored bits; ``step`` is how many values are looked at together. Slices are
    None where the axis is no axis of units.
    """
    array = np.asarray(array)  # slices of a memory map that are maps themselves take time
    wanted = tuple(a if a is not None and _has_units(array, a) else None for a in axes)
    if array.size <= SMALL or not array.flags.c_contiguous:
        return _exactly(array, wanted, decode)
    sums = _Sums(array, decode, any(a for a in wanted), step)
    statistics = sums.statistics()
    if statistics is None:
        return _exactly(array, wanted, decode)
    return Survey(statistics, tuple(None if a is None else _sliced(array, a, sums, decode) for a in wanted))


def _has_units(array: Array, axis: int) -> bool:
    return array.ndim >= 2 and array.size > 0 and array.shape[axis] <= MOST_SLICES


def _exactly(array: Array, axes: tuple[int | None, ...], decode: Decoder | None) -> Survey:
    """In double precision, value by value."""
    statistics = Statistics()
    for chunk in chunks(array):
        statistics.add(decode(chunk) if decode else chunk)
    return Survey(statistics, tuple(None if a is None else slices(array, a, decode) for a in axes))


def chunks(array: Array) -> Iterator[Array]:
    """All values in blocks of about CHUNK; what is stored in order is never copied as a whole."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        yield from (flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK))
    elif array.size:
        yield from (np.ravel(array[block]) for block in _blocks(array))


class _Sums:
    """Sums over the rows and columns of a large tensor, its first axis being that of the rows.

    Single precision is enough within a block; blocks are added up in double precision.
    """

    def __init__(self, array: Array, decode: Decoder | None, columns: bool, step: int) -> None:
        table = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(1, -1)
        self.count, self.nans, self.infinities = array.size, 0, 0
        self.minimum, self.maximum = math.inf, -math.inf
        self.rows, self.totals = np.zeros(len(table)), np.zeros(len(table))
        self.columns = np.zeros(table.shape[1]) if columns else None
        self.spacing = min(SPACING, max(1, len(table) // ROWS_OF_SAMPLE))
        self.sampled = 0
        self._ones = np.ones(min(table.shape[1], WIDEST), np.float32)
        flat = array.reshape(-1)
        with np.errstate(all="ignore"):  # signalling NaNs, squares beyond the type
            for down, across, start, stop in _bands(*table.shape, step):
                band = flat[start:stop].reshape(-1, across.stop - across.start)
                for left in range(0, band.shape[1], WIDEST):
                    part = band[:, left : left + WIDEST]
                    at = across.start + left
                    self._add(decode(part) if decode else part, down, slice(at, at + part.shape[1]))
            self.total, self.squares = float(self.totals.sum()), float(self.rows.sum())

    def _add(self, part: Array, down: slice, across: slice) -> None:
        if part.dtype not in (np.float32, np.float64):
            part = part.astype(np.float32)
        low, high = float(part.min()), float(part.max())
        if not math.isfinite(low) or not math.isfinite(high):  # NaN passes through min and max
            part, low, high = self._finite(part)
        elif 0.0 < (largest := max(-low, high)) < SQUARED[0] or largest > SQUARED[1]:
            part = part.astype(np.float64)
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        self.rows[down] += _dot(part, part)
        self.totals[down] += _dot(part, self._ones[: part.shape[1]])
        if self.columns is not None:
            sample = part[:: self.spacing]
            self.columns[across] += np.einsum("ij,ij->j", sample, sample)
            self.sampled += len(sample) if across.start == 0 else 0

    def _finite(self, part: Array) -> tuple[Array, float, float]:
        """The part with zeros for what is no number, and the extremes of what is."""
        finite = np.isfinite(part)
        nans, numbers = int(np.isnan(part).sum()), part[finite]
        self.nans += nans
        self.infinities += part.size - numbers.size - nans
        low, high = float(numbers.min(initial=math.inf)), float(numbers.max(initial=-math.inf))
        return np.where(finite, part, 0.0).astype(np.float64), low, high

    @property
    def finite(self) -> int:
        """How many values are numbers."""
        return self.count - self.nans - self.infinities

    def statistics(self) -> Statistics | None:
        """Statistics of all values; None where the mean is so far from 0 that they must be taken off it."""
        finite = self.finite
        if finite:
            mean, square = self.total / finite, self.squares / finite
            if not math.isfinite(square) or mean**2 > CENTRED**2 * (square - mean**2):
                return None
        return Statistics(
            self.count,
            self.nans,
            self.infinities,
            self.minimum,
            self.maximum,
            0.0 if finite else None,
            self.total,
            self.squares,
        )

    def norms(self, shape: tuple[int, ...], axis: int) -> npt.NDArray[np.float64]:
        """The root of the mean square of each slice along ``axis``, of those along columns from a sample."""
        count = math.prod(shape[1:]) // (shape[axis] if axis else 1)
        if axis == 0:
            squares = self.rows
        else:
            assert self.columns is not None
            inner = self.columns.reshape(shape[1:])
            squares = inner.sum(axis=tuple(i for i in range(inner.ndim) if i != axis - 1))
            count *= self.sampled
        norms: npt.NDArray[np.float64] = np.sqrt(squares / count)
        return norms

    def nothing(self, axis: int, norms: npt.NDArray[np.float64]) -> bool:
        """Whether some slice may be less than NOTHING of the largest or the median one, or hold no numbers.

        Over all rows a column's norm is at least 1/√SPACING of that over the sample, and the median of all
        norms is at most √2 of the root of their mean square: no column is overlooked.
        """
        if self.finite < self.count:
            return True
        whole = math.sqrt(self.squares / self.count)
        least = norms.max() if axis == 0 else math.sqrt(2 * SPACING) * whole
        return not norms.min() > NOTHING * least


def _dot(a: Array, b: Array) -> Array:
    """Row by row. BLAS, where numpy has it for this, is twice as fast and here too narrow for threads."""
    product = getattr(np, "vecdot", None)
    return np.asarray(np.einsum("...j,...j", a, b) if product is None else product(a, b))


def _bands(rows: int, columns: int, step: int) -> Iterator[tuple[slice, slice, int, int]]:
    """Some rows, or a part of one, of about ``step`` values, and where these begin and end in the tensor."""
    wide, high = min(columns, step), min(MOST_ROWS, max(1, step // columns))
    for top in range(0, rows, high):
        down = slice(top, min(top + high, rows))
        for left in range(0, columns, wide):
            across = slice(left, min(left + wide, columns))
            start = top * columns + left
            yield down, across, start, start + (down.stop - top) * (across.stop - left)


def _sliced(array: Array, axis: int, sums: _Sums, decode: Decoder | None) -> Slices:
    norms = sums.norms(array.shape, axis)
    if sums.nothing(axis, norms):  # what is (nearly) nothing is told from it by its values
        found = slices(array, axis, decode)
        assert found is not None
        return found
    view = np.moveaxis(array, axis, 0)
    size = array.size // len(view)
    seen = size if axis == 0 else size * sums.sampled // len(array)
    return Slices(_plain(norms), (), size, tuple(_copies(view, norms)), seen)


def _plain(norms: npt.NDArray[np.float64]) -> Sequence[float]:
    """Thousands of numbers without an object for each."""
    return array_of_numbers("d", norms.tobytes())


def slices(array: Array, axis: int, decode: Decoder | None = None) -> Slices | None:
    """What the slices of a matrix along ``axis`` are; None where that axis is no axis of units."""
    if not _has_units(array, axis):
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
    return Slices(_plain(norms), tuple(zeros.astype(int).tolist()), count, tuple(_copies(view, norms)), count)


def _blocks(array: Array) -> Iterator[slice]:
    """Ranges of the first axis of about CHUNK values each."""
    step = max(1, CHUNK * len(array) // array.size)
    return (slice(start, start + step) for start in range(0, len(array), step))


def _copies(view: Array, norms: npt.NDArray[np.float64]) -> Iterator[tuple[int, ...]]:
    """Groups of slices that are equal and not zero; equal slices have equal norms, so few are compared."""
    in_order = np.sort(norms)
    if not (in_order[1:] == in_order[:-1]).any():
        return
    for members in islice(_ties(norms), MOST_GROUPS):
        first, begin = np.asarray(view[members[0]]), view[members[0]].flat[:FEWEST_DISTINCT]
        alike = [i for i in members if np.array_equal(view[i].flat[:FEWEST_DISTINCT], begin)]
        equal = tuple(i for i in alike if np.array_equal(view[i], first)) if len(alike) > 1 else ()
        if len(equal) > 1 and len(np.unique(first)) >= FEWEST_DISTINCT:
            yield equal


def _ties(norms: npt.NDArray[np.float64]) -> Iterator[list[int]]:
    """Where numbers above zero stand that are there twice or more."""
    order = np.argsort(norms)
    ranked = norms[order]
    same = np.flatnonzero(ranked[1:] == ranked[:-1])  # each equals the one behind it
    for run in np.split(same, np.flatnonzero(np.diff(same) > 1) + 1):
        if len(run) and ranked[run[0]] > 0.0:
            yield sorted(order[run[0] : run[-1] + 2].tolist())


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
