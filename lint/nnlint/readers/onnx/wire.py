"""A model's graph without the values of its large tensors, which stay where they are in the file.

Protobuf writes a message as a row of fields, each with its number, its kind and, for what may be long, its
length: values are stepped over without being looked at. Source: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from typing import Any

import onnx

LARGE = 2**14
"""Bytes of values from which on they stay in the file; sizes, axes and bounds are shorter."""
DEEPEST = 100
"""Messages within messages that protobuf itself reads."""
INLINE = "inline"
"""Key of ``external_data`` in the model's own file; its value: where it begins, and its length."""
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_AS_STORED: Mapping[int, int | None] = {  # field of values -> the one type that it holds as raw bytes
    onnx.TensorProto.RAW_DATA_FIELD_NUMBER: None,
    onnx.TensorProto.FLOAT_DATA_FIELD_NUMBER: onnx.TensorProto.FLOAT,
    onnx.TensorProto.DOUBLE_DATA_FIELD_NUMBER: onnx.TensorProto.DOUBLE,
}
_EXTERNAL: bytes = onnx.TensorProto(data_location=onnx.TensorProto.EXTERNAL).SerializeToString()
_ENTRY = onnx.TensorProto.EXTERNAL_DATA_FIELD_NUMBER << 3 | _BYTES
_KEY = onnx.StringStringEntryProto.KEY_FIELD_NUMBER << 3 | _BYTES
_VALUE = onnx.StringStringEntryProto.VALUE_FIELD_NUMBER << 3 | _BYTES
_OUTER = (onnx.ModelProto, onnx.GraphProto, onnx.NodeProto, onnx.AttributeProto, onnx.FunctionProto)


class Torn(Exception):
    """A message ends before its last field does."""


class Unknown(Exception):
    """Fields of a kind that ONNX does not use."""


def without_values(data: mmap | bytes) -> bytes:
    """The model with large tensors marked as INLINE. Raises Torn or Unknown."""
    return _rewritten(data, 0, len(data), "ModelProto", DEEPEST)


def _rewritten(data: mmap | bytes, start: int, stop: int, message: str, depth: int) -> bytes:
    """The message with its large parts rewritten, all else byte by byte as it was."""
    if depth == 0:
        raise Unknown("messages within messages")
    inside, parts, kept, at = _INSIDE[message], list[bytes](), start, start
    while at < stop:
        begin = at
        tag, at = _number(data, at, stop)
        if tag & 7 != _BYTES:
            at = _behind(data, at, stop, tag & 7)
            continue
        length, at = _number(data, at, stop)
        end = at + length
        if end > stop:
            raise Torn
        if length > LARGE and tag >> 3 in inside:
            kind = inside[tag >> 3]
            tensor = kind == "TensorProto"
            part = _tensor(data, at, end) if tensor else _rewritten(data, at, end, kind, depth - 1)
            parts += (data[kept:begin], _field(tag, part))
            kept = end
        at = end
    return b"".join((*parts, data[kept:stop]))


def _tensor(data: mmap | bytes, start: int, stop: int) -> bytes:
    """A tensor whose values, if they stand there as they do in memory, are replaced by where they stand."""
    at, type_, values, rest = start, 0, (0, 0, 0), list[bytes]()
    plain = True  # no second values, and none elsewhere
    while at < stop:
        begin = at
        tag, at = _number(data, at, stop)
        number, kind = tag >> 3, tag & 7
        if kind != _BYTES:
            if number == onnx.TensorProto.DATA_TYPE_FIELD_NUMBER and kind == _VARINT:
                type_, _ = _number(data, at, stop)
            plain &= number != onnx.TensorProto.DATA_LOCATION_FIELD_NUMBER
            at = _behind(data, at, stop, kind)
        else:
            length, at = _number(data, at, stop)
            if at + length > stop:
                raise Torn
            if length > LARGE and number in _AS_STORED:
                plain &= not values[0]
                values = (number, at, length)
                at += length
                continue
            at += length
        rest.append(data[begin:at])
    number, offset, length = values
    if not number or not plain or _AS_STORED[number] not in (None, type_):
        return data[start:stop]
    return b"".join((*rest, _placed(offset, length)))


def _placed(offset: int, length: int) -> bytes:
    """The fields ``data_location`` and ``external_data`` of a tensor whose values stand there."""
    place = _field(_VALUE, f"{offset} {length}".encode())
    return _EXTERNAL + _field(_ENTRY, _field(_KEY, INLINE.encode()) + place)


def _number(data: mmap | bytes, at: int, stop: int) -> tuple[int, int]:
    """A number of variable length, lowest seven bits first, and what follows it."""
    if at < stop and (byte := data[at]) < 128:
        return byte, at + 1
    value = shift = 0
    while at < stop:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise Unknown("a number of more than 64 bits")
    raise Torn


def _behind(data: mmap | bytes, at: int, stop: int, kind: int) -> int:
    """Where a field of fixed length, or a number, ends."""
    if kind == _VARINT:
        return _number(data, at, stop)[1]
    if kind not in (_FIXED_64, _FIXED_32):
        raise Unknown(f"a field of kind {kind}")
    end = at + (8 if kind == _FIXED_64 else 4)
    if end > stop:
        raise Torn
    return end


def _field(tag: int, content: bytes) -> bytes:
    return _written(tag) + _written(len(content)) + content


def _written(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


def _inside(message: Any) -> dict[int, str]:
    """Fields of a message that may hold tensors, by their numbers."""
    names = {m.DESCRIPTOR.name for m in (*_OUTER, onnx.TensorProto)}
    fields = message.DESCRIPTOR.fields_by_number.items()
    return {n: f.message_type.name for n, f in fields if f.message_type and f.message_type.name in names}


_INSIDE: Mapping[str, Mapping[int, str]] = {m.DESCRIPTOR.name: _inside(m) for m in _OUTER}
