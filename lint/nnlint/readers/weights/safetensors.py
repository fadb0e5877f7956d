"""The safetensors format: eight bytes of length, a JSON header, then the values.

Source: https://github.com/huggingface/safetensors, section Format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nnlint.readers.statistics import Array
from nnlint.readers.weights.stored import TYPES, Malformed, Mapped, Raw, Type

LONGEST_HEADER = 100_000_000
"""The limit of the reference implementation, in bytes."""
NAMES = {
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{
        f"{letter}{bits}": f"{word}{bits}"
        for letter, word in (("I", "int"), ("U", "uint"))
        for bits in (8, 16, 32, 64)
    },
    "BF16": "bfloat16",
    "BOOL": "bool",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
"""Types of the format -> those of ``TYPES``; others (sub-byte ones) are passed over."""


def open_safetensors(path: Path) -> list[Raw]:
    """The tensors of a file. Raises Malformed."""
    size = path.stat().st_size
    if size == 0:
        raise Malformed("the file is empty")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > LONGEST_HEADER:
            raise Malformed("it does not begin with the length of a header")
        if 8 + length > size:
            raise Malformed(f"truncated: a header of {length} bytes is promised, {size - 8} bytes follow")
        header = _parsed(file.read(length))
    return list(_tensors(path, header, 8 + length, size))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("its header is no JSON") from None
    if not isinstance(header, dict):
        raise Malformed("its header is no table of tensors")
    return header


def _tensors(path: Path, header: dict[str, Any], start: int, size: int) -> Iterator[Raw]:
    content = Mapped(path)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape, begin, end = _entry(name, entry)
        if start + end > size:
            raise Malformed(f"truncated: '{name}' ends at byte {start + end}, the file has {size}")
        kind = TYPES.get(NAMES.get(entry.get("dtype"), ""))
        if kind is None:
            continue
        if end - begin != math.prod(shape) * kind.stored.itemsize:
            raise Malformed(f"'{name}' of shape {list(shape)} does not fill its {end - begin} bytes")
        yield Raw(name, shape, kind, partial(_values, content, kind, start + begin, shape))


def _entry(name: str, entry: Any) -> tuple[tuple[int, ...], int, int]:
    try:
        shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
        sound = all(type(n) is int and n >= 0 for n in (*shape, begin, end)) and begin <= end
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise Malformed(f"the header's entry for '{name[:80]}' has no sound shape and offsets")
    return shape, begin, end


def _values(content: Mapped, kind: Type, offset: int, shape: tuple[int, ...]) -> Array:
    return content.values(kind, offset, math.prod(shape)).reshape(shape)
