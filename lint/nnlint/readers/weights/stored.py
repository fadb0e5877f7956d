"""A tensor of a checkpoint before its values are looked at, and how stored bits become numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnlint.dataclass import dataclass
from nnlint.readers.statistics import Array, bfloat16


class Malformed(Exception):
    """A file is not what it should be; the message is the reason. ``unsafe``: loading it does harm."""

    def __init__(self, reason: str, unsafe: bool = False) -> None:
        super().__init__(reason)
        self.unsafe = unsafe


class Foreign(Exception):
    """A file is whole, and no file of weights; the message says what it is."""


@dataclass(frozen=True)
class Type:
    """A type of numbers: how it is stored and, where numpy has no such type, how its bits are decoded."""

    name: str
    stored: np.dtype[Any]
    floating: bool
    decode: Callable[[Array], Array] | None = None


@dataclass(frozen=True)
class Raw:
    """One tensor. ``load`` gives its values as they are stored, mostly as a view of a memory map."""

    name: str
    shape: tuple[int, ...]
    type: Type
    load: Callable[[], Array]
    key: object = None  # equal for tensors that share their values


class Mapped:
    """A file's bytes as one memory map, made when they are first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes: Array | None = None

    def values(self, kind: Type, start: int, count: int) -> Array:
        """So many values from ``start`` on. Raises Malformed where the file ends before they do."""
        if not count:
            return np.empty(0, kind.stored)
        if self._bytes is None:
            self._bytes = np.asarray(np.memmap(self._path, np.uint8, "r"))
        stop = start + count * kind.stored.itemsize
        if stop > self._bytes.size:
            raise Malformed("truncated: values end behind the end of the file")
        return self._bytes[start:stop].view(kind.stored)


def _small_float(exponent_bits: int, bias: int, ieee: bool) -> Callable[[Array], Array]:
    """Decoder of an 8-bit float by its table of 256 values (Micikevicius et al. 2022, FP8 formats)."""
    mantissa_bits = 7 - exponent_bits
    codes = np.arange(256)
    sign = np.where(codes & 128, -1.0, 1.0)
    exponent = (codes >> mantissa_bits) & (2**exponent_bits - 1)
    fraction = (codes & (2**mantissa_bits - 1)) / 2**mantissa_bits
    normal = (1 + fraction) * 2.0 ** (exponent - bias)
    table = sign * np.where(exponent == 0, fraction * 2.0 ** (1 - bias), normal)
    if ieee:
        highest = exponent == 2**exponent_bits - 1
        table = np.where(highest, np.where(fraction == 0, sign * np.inf, np.nan), table)
    else:
        table[[127, 255]] = np.nan
    return lambda bits: table[bits]


def _type(name: str, stored: str, decode: Callable[[Array], Array] | None = None) -> Type:
    return Type(name, np.dtype(stored), "float" in name, decode)


TYPES: Mapping[str, Type] = {
    kind.name: kind
    for kind in (
        _type("float64", "<f8"),
        _type("float32", "<f4"),
        _type("float16", "<f2"),
        _type("bfloat16", "<u2", bfloat16),
        _type("float8_e4m3fn", "u1", _small_float(4, 7, ieee=False)),
        _type("float8_e5m2", "u1", _small_float(5, 15, ieee=True)),
        _type("int64", "<i8"),
        _type("int32", "<i4"),
        _type("int16", "<i2"),
        _type("int8", "i1"),
        _type("uint64", "<u8"),
        _type("uint32", "<u4"),
        _type("uint16", "<u2"),
        _type("uint8", "u1"),
        _type("bool", "?"),
        _type("complex64", "<c8"),
        _type("complex128", "<c16"),
    )
}
"""Name as in PyTorch -> the type. Complex numbers are known for their size only."""
