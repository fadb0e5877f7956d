"""Statistics of stored tensors in bounded memory, and the values of the small ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from nnlint.evidence.weights import Slices
from nnlint.network.facts import Range
from nnlint.readers.onnx.files import data_file, external
from nnlint.readers.statistics import CHUNK, Array, Statistics, bfloat16, slices

FEW_VALUES = 1024
"""Constants of at most so many values (shapes, axes, bounds, scales) are kept."""

Numbers = tuple[float, ...]
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
    slices: tuple[Slices | None, Slices | None] = (None, None)  # along the first axis and the second

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
        parts = _slices(path, tensor, shape) if floating and statistics else (None, None)
    except (ValueError, TypeError, OSError, KeyError, OverflowError, NotImplementedError):
        statistics, values, parts = None, None, (None, None)
    return Stored(name, shape, dtype, floating, statistics, values, name, parts)


def _slices(
    path: Path, tensor: onnx.TensorProto, shape: tuple[int, ...]
) -> tuple[Slices | None, Slices | None]:
    if len(shape) < 2 or min(shape[:2]) < 2:
        return None, None
    if external(tensor) or tensor.HasField("raw_data"):
        flat = _mapped(path, tensor, math.prod(shape)) if external(tensor) else _raw(tensor)
        flat = bfloat16(flat) if _is_bfloat16(tensor) else flat
    else:
        flat = np.asarray(numpy_helper.to_array(tensor))
    array = flat.reshape(shape)
    return slices(array, 0), slices(array, 1)


def _read(path: Path, tensor: onnx.TensorProto, size: int) -> tuple[Statistics | None, Numbers | None]:
    statistics, kept = Statistics(), list[float]()
    for chunk in _chunks(path, tensor, size):
        statistics.add(chunk)
        if size <= FEW_VALUES:
            kept += (float(v) if tensor.data_type in FLOATS else int(v) for v in chunk)
    if statistics.count != size:
        return None, None
    return statistics, tuple(kept) if size <= FEW_VALUES else None


def _chunks(path: Path, tensor: onnx.TensorProto, size: int) -> Iterator[Array]:
    kind = tensor.data_type
    if external(tensor) or tensor.HasField("raw_data"):
        flat = _mapped(path, tensor, size) if external(tensor) else _raw(tensor)
        for start in range(0, flat.size, CHUNK):
            yield (
                bfloat16(flat[start : start + CHUNK]) if _is_bfloat16(tensor) else flat[start : start + CHUNK]
            )
    elif kind in _REPEATED:
        name, dtype = _REPEATED[kind]
        yield np.array(getattr(tensor, name), dtype)
    elif kind in _RAW:
        yield np.asarray(numpy_helper.to_array(tensor)).reshape(-1)


def _is_bfloat16(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.data_type == onnx.TensorProto.BFLOAT16)


def _raw(tensor: onnx.TensorProto) -> Array:
    return np.frombuffer(tensor.raw_data, _RAW[tensor.data_type])


def _mapped(path: Path, tensor: onnx.TensorProto, size: int) -> Array:
    entries, dtype = external(tensor), _RAW[tensor.data_type]
    target = data_file(path, entries.get("location", ""))
    if target is None:
        raise ValueError("external data leaves the folder")
    offset, length = int(entries.get("offset", 0)), int(entries.get("length", size * dtype.itemsize))
    if not size or length != size * dtype.itemsize:
        return np.empty(0, dtype)
    return np.memmap(target, dtype, "r", offset, (size,))
