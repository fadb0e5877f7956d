"""Checkpoints of PyTorch: the ZIP format (1.6 on) and the pickle with storages behind it; nothing is run.

Source: torch/serialization.py, ``_save`` and ``_legacy_save``.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnlint.readers.statistics import Array
from nnlint.readers.weights.archives import inside
from nnlint.readers.weights.objects import Named, named_tensors
from nnlint.readers.weights.stored import TYPES, Foreign, Malformed, Mapped, Raw, Type
from nnlint.readers.weights.unpickling import Storage, Strided, Unpickled, unpickled

MAGIC = 0x1950A86A20F9469CFC6C
ZIP, PICKLE, TAR = b"PK", b"\x80", b"ustar"
LARGEST_PICKLE = 2**28
"""Bytes of the pickle within an archive: it holds names and sizes, not values."""
LARGEST_PACKED = 2**31
EXPANSION = 200
LFS_POINTER = b"version https://git-lfs.github.com/spec/"

Find = Callable[[Storage], Callable[[Type], Array]]
"""From a storage to what gives its values as one flat array of a type."""


def open_pytorch(path: Path) -> list[Raw]:
    """The tensors of a checkpoint. Raises Malformed, or Foreign where it is whole and of another kind."""
    with path.open("rb") as file:
        head = file.read(512)
        if not head:
            raise Malformed("the file is empty")
        if head.startswith(LFS_POINTER):
            raise Malformed("a Git LFS pointer stands in for it: run `git lfs pull`")
        if head.startswith(ZIP):
            return _archive(path)
        if head.startswith(PICKLE):
            file.seek(0)
            return _legacy(path, file)
    if head[257:262] == TAR:
        raise Malformed("the tar format of PyTorch before 0.1.10: load it and save it again")
    if path.suffix.lower() == ".bin":
        raise Foreign("no checkpoint of PyTorch")
    raise Malformed("neither a ZIP archive nor a pickle")


# archives


def _archive(path: Path) -> list[Raw]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside(archive.infolist())
            members = {m.filename: m for m in archive.infolist()}
            pickled = next((n for n in members if n.endswith("data.pkl") and n.count("/") <= 1), None)
            if pickled is None:
                raise Foreign("a ZIP archive without the pickle of a checkpoint")
            content = _packed(archive, members[pickled], path, LARGEST_PICKLE)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Malformed(f"truncated or corrupt: {_first_line(error)}") from None
    read = unpickled(io.BytesIO(content))
    _check(read)
    folder = pickled.removesuffix("data.pkl")
    find = partial(_stored_in, path, Mapped(path), {n.removeprefix(folder): m for n, m in members.items()})
    return [_raw(named, find) for named in named_tensors(read.value)]


def _stored_in(
    path: Path, content: Mapped, members: Mapping[str, zipfile.ZipInfo], storage: Storage
) -> Callable[[Type], Array]:
    member = members.get(f"data/{storage.key}")
    if member is None:
        raise Malformed(f"truncated: the values 'data/{storage.key}' are not in the archive")
    return partial(_values, path, content, member)


def _values(path: Path, content: Mapped, member: zipfile.ZipInfo, kind: Type) -> Array:
    if member.compress_type != zipfile.ZIP_STORED:
        with zipfile.ZipFile(path) as archive:
            packed = _packed(archive, member, path, LARGEST_PACKED)
        return np.frombuffer(packed, kind.stored, len(packed) // kind.stored.itemsize)
    start = beginning(path, member)
    return content.values(kind, start, member.file_size // kind.stored.itemsize)


def beginning(path: Path, member: zipfile.ZipInfo) -> int:
    """Where the bytes of a member that is not packed begin: behind header, name and extra field."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        header = file.read(30)
    name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    return member.header_offset + len(header) + name + extra


def _packed(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, most: int) -> bytes:
    if member.file_size > most or member.file_size > max(EXPANSION * path.stat().st_size, 2**20):
        raise Malformed(f"'{member.filename}' unpacks to {member.file_size} bytes", unsafe=True)
    with archive.open(member) as file:
        return file.read(member.file_size)


# pickles with storages behind them


def _legacy(path: Path, file: BinaryIO) -> list[Raw]:
    first = unpickled(file)
    _check(first)
    if first.value != MAGIC:
        return _plain(first.value)
    parts = [unpickled(file) for _ in range(4)]
    for part in parts:
        _check(part)
    value, keys = parts[2].value, parts[3].value
    found = list(named_tensors(value))
    if not isinstance(keys, list):
        raise Malformed("corrupt: no list of storages follows its pickle")
    sizes = {
        n.value.storage.key: TYPES.get(n.value.storage.type or "")
        for n in found
        if isinstance(n.value, Strided)
    }
    starts: dict[str, int] = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        starts[str(key)] = file.tell()
        kind = sizes.get(str(key))
        if kind is None:  # a storage of what is no weight: where the next one begins is not known
            break
        file.seek(count * kind.stored.itemsize, io.SEEK_CUR)
    return [_raw(named, partial(_behind, Mapped(path), starts)) for named in found if _reached(named, starts)]


def _reached(named: Named, starts: Mapping[str, int]) -> bool:
    return not isinstance(named.value, Strided) or named.value.storage.key in starts


def _behind(content: Mapped, starts: Mapping[str, int], storage: Storage) -> Callable[[Type], Array]:
    return lambda kind: content.values(kind, starts[storage.key], storage.count)


def _plain(value: Any) -> list[Raw]:
    """A pickle of arrays that was written without PyTorch."""
    return [_raw(n, _nowhere) for n in named_tensors(value) if not isinstance(n.value, Strided)]


def _nowhere(_: Storage) -> Callable[[Type], Array]:
    raise Malformed("the values of its tensors are missing")


# tensors


def _raw(named: Named, find: Find) -> Raw:
    value = named.value
    if not isinstance(value, Strided):
        kind = Type(value.dtype.name, value.dtype, value.dtype.kind == "f")
        return Raw(named.name, value.shape, kind, lambda: value)
    kind = TYPES.get(value.type) or Type(value.type, np.dtype("u1"), False)
    key = (value.storage.key, value.offset, value.size, value.stride)
    last = value.offset + sum((n - 1) * s for n, s in zip(value.size, value.stride, strict=True))
    if math.prod(value.size) and last >= value.storage.count and value.storage.type:
        raise Malformed(f"corrupt: '{named.name}' reaches beyond its {value.storage.count} stored values")
    return Raw(named.name, value.size, kind, partial(_view, value, find(value.storage), kind, last), key)


def _view(value: Strided, values: Callable[[Type], Array], kind: Type, last: int) -> Array:
    flat = values(kind)
    if not math.prod(value.size):
        return np.empty(value.size, kind.stored)
    if last >= flat.size:
        raise Malformed("truncated: values end behind the end of their storage")
    strides = tuple(s * kind.stored.itemsize for s in value.stride)
    return np.lib.stride_tricks.as_strided(flat[value.offset :], value.size, strides, writeable=False)


def _check(read: Unpickled) -> None:
    if read.harmful:
        names = ", ".join(dict.fromkeys(read.harmful))
        raise Malformed(f"loading it runs {names[:60]}", unsafe=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]
