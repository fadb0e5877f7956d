"""TensorBoard event files: framed records of protocol buffers, of which only scalars are read.

The layout is public: TFRecord (``tensorflow/core/lib/io/record_writer.h``), ``event.proto``,
``summary.proto`` and ``tensor.proto``.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nnlint.evidence.runs import Point
from nnlint.readers.runs.rows import Malformed

LARGEST_SCALAR = 64 << 10
"""Records above this size hold histograms, images or graphs, no scalars."""
LARGEST_RECORD = 2 << 30

STEP, SUMMARY = 2, 5
VALUE = 1
TAG, SIMPLE_VALUE, TENSOR, METADATA = 1, 2, 8, 9
DTYPE, CONTENT, FLOATS, DOUBLES = 1, 4, 5, 6
FLOAT, DOUBLE = 1, 2
PLUGIN_DATA, PLUGIN_NAME = 1, 1
"""Numbers of the fields of the messages Event, Summary, Summary.Value, TensorProto, SummaryMetadata."""

Field = tuple[int, int | bytes]


def read_events(path: Path) -> dict[str, list[Point]]:
    """The scalars of an event file by their tags. Raises Malformed when nothing in it can be read."""
    found: dict[str, list[Point]] = {}
    number = 0
    with path.open("rb") as file:
        try:
            for record in _records(file):
                number += 1
                for tag, value, step in _scalars(record):
                    found.setdefault(tag, []).append(Point(value, step=float(step)))
        except (Malformed, ValueError, IndexError, struct.error) as error:
            if not found:  # a file may be cut off where training was stopped
                reason = str(error) if isinstance(error, Malformed) else "is damaged"
                raise Malformed(f"no event file: record {number + 1} {reason}") from None
    if not number:
        raise Malformed("the file is empty")
    return found


def _records(file: BinaryIO) -> Iterator[bytes]:
    size = os.fstat(file.fileno()).st_size
    while len(head := file.read(12)) == 12:
        length, check = struct.unpack("<QI", head)
        if check != _masked(head[:8]):
            raise Malformed("has a wrong checksum")
        if length > LARGEST_RECORD or file.tell() + length + 4 > size:
            raise Malformed("is cut off")
        if length > LARGEST_SCALAR:
            file.seek(length + 4, os.SEEK_CUR)
            yield b""
            continue
        yield file.read(length)
        file.seek(4, os.SEEK_CUR)
    if head:
        raise Malformed("is cut off")


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


CRC = _table()
"""CRC-32C (Castagnoli), RFC 3720 appendix B.4, reflected."""


def _masked(data: bytes) -> int:
    """The checksum as TFRecord stores it: rotated, with a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _scalars(record: bytes) -> Iterator[tuple[str, float, int]]:
    step, summaries = 0, list[bytes]()
    for number, value in _fields(record):
        if number == STEP and isinstance(value, int):
            step = value
        elif number == SUMMARY and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == VALUE and isinstance(value, bytes):
                tag, scalar = _value(value)
                if tag and scalar is not None:
                    yield tag, scalar, step


def _value(message: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, value in _fields(message):
        if number == METADATA and isinstance(value, bytes) and _plugin(value) not in ("scalars", ""):
            return "", None
        if number == TAG and isinstance(value, bytes):
            tag = value.decode("utf-8", errors="replace")
        elif number == SIMPLE_VALUE and isinstance(value, bytes):
            scalar = struct.unpack("<f", value)[0]
        elif number == TENSOR and isinstance(value, bytes):
            scalar = _tensor(value)
    return tag, scalar


def _plugin(metadata: bytes) -> str:
    for number, value in _fields(metadata):
        if number == PLUGIN_DATA and isinstance(value, bytes):
            return next(
                (v.decode() for n, v in _fields(value) if n == PLUGIN_NAME and isinstance(v, bytes)), ""
            )
    return ""


def _tensor(message: bytes) -> float | None:
    """The number of a tensor with one element, None for any other."""
    dtype, found = 0, dict[int, bytes]()
    for number, value in _fields(message):
        if number == DTYPE and isinstance(value, int):
            dtype = value
        elif isinstance(value, bytes):
            found[number] = value
    format_ = {FLOAT: "<f", DOUBLE: "<d"}.get(dtype)
    stored = found.get(CONTENT) or found.get(FLOATS if dtype == FLOAT else DOUBLES)
    if format_ is None or stored is None or len(stored) != struct.calcsize(format_):
        return None
    return float(struct.unpack(format_, stored)[0])


def _fields(message: bytes) -> Iterator[Field]:
    """The fields of a message: varints as int, all else as bytes. Raises ValueError or IndexError."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(message):
            raise ValueError("a field is cut off")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
