"""Statistics of stored tensors in bounded memory, and the values of the small ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from nnlint.dataclass import dataclass
from nnlint.evidence.deferred import Once
from nnlint.evidence.weights import Slices
from nnlint.network.facts import Range
from nnlint.readers.onnx.files import data_file, external
from nnlint.readers.statistics import Array, Decoder, Statistics, Survey, bfloat16, survey

FEW_VALUES = 1024
"""Constants of at most so many values (shapes, axes, bounds, scales) are known value by value."""
LONGEST_VECTOR = 2**16
"""So are vectors (biases, gains, running statistics) of at most so many."""

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
NAMES: Mapping[int, str] = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
"""Types of values by ONNX's numbers."""
FLOATS = frozenset({onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16})
FLOATS |= {onnx.TensorProto.BFLOAT16}


@dataclass(frozen=True)
class Stored:
    """A tensor of the file. ``look`` goes through its values the first time that it is called, None where
    they cannot be had; ``few`` gives those of a small one in row-major order, None of others.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    floating: bool
    look: Once[Survey | None]
    few: Once[Numbers | None] = field(default_factory=lambda: UNLISTED)
    root: str = ""
    turned: bool | None = False

    @property
    def values(self) -> Numbers | None:
        """The values of a small tensor."""
        return self.few()

    @property
    def statistics(self) -> Statistics | None:
        """Counts, extremes and moments of the values."""
        found = self.look()
        return found.statistics if found else None

    @property
    def slices(self) -> tuple[Slices | None, ...]:
        """What the slices along the first axis, and along the second, are."""
        found = self.look()
        return found.slices if found else (None, None)

    @property
    def range(self) -> Range | None:
        """The interval of the values; None when there are none, or some are no numbers."""
        s = self.statistics
        if s is None or not s.count or s.finite < s.count:
            return None
        return Range(s.minimum, s.maximum)


UNSEEN: Once[Survey | None] = Once(lambda: None)
UNLISTED: Once[Numbers | None] = Once(lambda: None)
"""Of constants whose values are not known."""


def stored(path: Path, tensor: onnx.TensorProto, name: str = "") -> Stored:
    """What there is to know of a tensor. Values that cannot be had (missing data, sub-byte types, strings)
    are left out.
    """
    shape, name = tuple(tensor.dims), name or tensor.name
    dtype = NAMES.get(tensor.data_type, "unknown")
    floating = tensor.data_type in FLOATS
    look = Once(lambda: _survey(path, tensor))
    short = math.prod(shape) <= (LONGEST_VECTOR if len(shape) == 1 else FEW_VALUES)
    few = Once(lambda: _values(path, tensor)) if short else UNLISTED
    return Stored(name, shape, dtype, floating, look, few, name)


def _survey(path: Path, tensor: onnx.TensorProto) -> Survey | None:
    array = _array(path, tensor)
    if array is None:
        return None
    counts = tensor.data_type in FLOATS or tensor.data_type == onnx.TensorProto.INT8  # about zero mostly
    axes = (0, 1) if counts and array.ndim >= 2 else (None, None)
    return survey(array, axes, _decoder(tensor))


def _values(path: Path, tensor: onnx.TensorProto) -> Numbers | None:
    array = _array(path, tensor)
    if array is None:
        return None
    decode = _decoder(tensor)
    numbers = (decode(array) if decode else array).reshape(-1)
    if tensor.data_type in FLOATS:
        numbers = numbers.astype(np.float64)
    return tuple((numbers.astype(np.uint8) if numbers.dtype == np.bool_ else numbers).tolist())


def _array(path: Path, tensor: onnx.TensorProto) -> Array | None:
    """The values as they are stored; None where they cannot be had."""
    shape = tuple(tensor.dims)
    try:
        flat = _flat(path, tensor, math.prod(shape))
        return None if flat is None or flat.size != math.prod(shape) else flat.reshape(shape)
    except (ValueError, TypeError, OSError, KeyError, OverflowError, NotImplementedError):
        return None


def _flat(path: Path, tensor: onnx.TensorProto, size: int) -> Array | None:
    kind = tensor.data_type
    if external(tensor):
        return _mapped(path, tensor, size)
    if tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, _RAW[kind])
    if kind in _REPEATED:
        name, dtype = _REPEATED[kind]
        return np.array(getattr(tensor, name), dtype)
    return np.asarray(numpy_helper.to_array(tensor)).reshape(-1) if kind in _RAW else None


def _decoder(tensor: onnx.TensorProto) -> Decoder | None:
    """What makes numbers of the bits of bfloat16 where they are read as they are stored."""
    raw = bool(external(tensor)) or tensor.HasField("raw_data")
    if tensor.data_type != onnx.TensorProto.BFLOAT16:
        return None
    return bfloat16 if raw else _single


def _single(values: Array) -> Array:
    return values.astype(np.float32)


def _mapped(path: Path, tensor: onnx.TensorProto, size: int) -> Array:
    entries, dtype = external(tensor), _RAW[tensor.data_type]
    target = data_file(path, entries)
    if target is None:
        raise ValueError("external data leaves the folder")
    offset, length = int(entries.get("offset", 0)), int(entries.get("length", size * dtype.itemsize))
    if not size or length != size * dtype.itemsize:
        return np.empty(0, dtype)
    return np.memmap(target, dtype, "r", offset, (size,))
