"""Statistics of stored tensors in bounded memory, and the values of the small ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from nnlint.network.facts import Range
from nnlint.readers.onnx.files import data_file, external

CHUNK = 2**17
"""Values looked at in one step: 1 MB as float64 stays in the cache."""
FEW_VALUES = 1024
"""Constants of at most so many values (shapes, axes, bounds, scales) are kept."""

Numbers = tuple[float, ...]
_Array = npt.NDArray[Any]
_REPEATED: Mapping[int, tuple[str, np.dtype[Any]]] = {
    onnx.TensorProto.FLOAT: ("float_data", np.dtype(np.float32)),
    onnx.TensorProto.DOUBLE: ("double_data", np.dtype(np.float64)),
    onnx.TensorProto.INT64: ("int64_data", np.dtype(np.int64)),
    onnx.TensorProto.INT32: ("int32_data", np.dtype(np.int32)),
}
_RAW: Mapping[int, np.dtype[Any]] = {
    onnx.TensorProto.FLOAT: np.dtype("<f4"),
    onnx.TensorProto.DOUBLE: np.dtype("<f8"),
    onnx.TensorProto.FLOAT16: np.dtype("<f2"),
    onnx.TensorProto.BFLOAT16: np.dtype("<u2"),
    onnx.TensorProto.INT8: np.dtype("i1"),
    onnx.TensorProto.INT16: np.dtype("<i2"),
    onnx.TensorProto.INT32: np.dtype("<i4"),
    onnx.TensorProto.INT64: np.dtype("<i8"),
    onnx.TensorProto.UINT8: np.dtype("u1"),
    onnx.TensorProto.UINT16: np.dtype("<u2"),
    onnx.TensorProto.UINT32: np.dtype("<u4"),
    onnx.TensorProto.UINT64: np.dtype("<u8"),
    onnx.TensorProto.BOOL: np.dtype("?"),
}
FLOATS = frozenset({onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16})
FLOATS |= {onnx.TensorProto.BFLOAT16}


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

    def add(self, chunk: _Array) -> None:
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
class Stored:
    """A tensor of the file. ``values`` are there for small ones, in row-major order."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    floating: bool
    statistics: Statistics | None = None
    values: Numbers | None = None
    root: str = field(default="")

    @property
    def range(self) -> Range | None:
        """The interval of the values; None when there are none, or some are no numbers."""
        s = self.statistics
        if s is None or not s.count or s.finite < s.count:
            return None
        return Range(s.minimum, s.maximum)


def stored(path: Path, tensor: onnx.TensorProto, name: str = "") -> Stored:
    """What there is to know of a tensor, read in chunks; external data through a memory map.

    Values that cannot be had (missing data, sub-byte types, strings) leave the statistics out.
    """
    shape, name = tuple(tensor.dims), name or tensor.name
    names = onnx.TensorProto.DataType.values()
    dtype = (
        onnx.TensorProto.DataType.Name(tensor.data_type).lower() if tensor.data_type in names else "unknown"
    )
    floating = tensor.data_type in FLOATS
    try:
        statistics, values = _read(path, tensor, math.prod(shape))
    except (ValueError, TypeError, OSError, KeyError, OverflowError, NotImplementedError):
        statistics, values = None, None
    return Stored(name, shape, dtype, floating, statistics, values, name)


def _read(path: Path, tensor: onnx.TensorProto, size: int) -> tuple[Statistics | None, Numbers | None]:
    statistics, kept = Statistics(), list[float]()
    for chunk in _chunks(path, tensor, size):
        statistics.add(chunk)
        if size <= FEW_VALUES:
            kept += (float(v) if tensor.data_type in FLOATS else int(v) for v in chunk)
    if statistics.count != size:
        return None, None
    return statistics, tuple(kept) if size <= FEW_VALUES else None


def _chunks(path: Path, tensor: onnx.TensorProto, size: int) -> Iterator[_Array]:
    kind = tensor.data_type
    if external(tensor) or tensor.HasField("raw_data"):
        flat = _mapped(path, tensor, size) if external(tensor) else _raw(tensor)
        for start in range(0, flat.size, CHUNK):
            yield (
                _bfloat16(flat[start : start + CHUNK])
                if _is_bfloat16(tensor)
                else flat[start : start + CHUNK]
            )
    elif kind in _REPEATED:
        name, dtype = _REPEATED[kind]
        yield np.array(getattr(tensor, name), dtype)
    elif kind in _RAW:
        yield np.asarray(numpy_helper.to_array(tensor)).reshape(-1)


def _is_bfloat16(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_type == onnx.TensorProto.BFLOAT16)


def _bfloat16(bits: _Array) -> _Array:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _raw(tensor: onnx.TensorProto) -> _Array:
    return np.frombuffer(tensor.raw_data, _RAW[tensor.data_type])


def _mapped(path: Path, tensor: onnx.TensorProto, size: int) -> _Array:
    entries, dtype = external(tensor), _RAW[tensor.data_type]
    target = data_file(path, entries.get("location", ""))
    if target is None:
        raise ValueError("external data leaves the folder")
    offset, length = int(entries.get("offset", 0)), int(entries.get("length", size * dtype.itemsize))
    if not size or length != size * dtype.itemsize:
        return np.empty(0, dtype)
    return np.memmap(target, dtype, "r", offset, (size,))
