"""Weights that Keras saved: HDF5, by itself (``.h5``) or within the ``.keras`` archive."""

from __future__ import annotations

import importlib
import importlib.util
import io
import math
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnlint.readers.statistics import Array
from nnlint.readers.weights.archives import inside
from nnlint.readers.weights.keras_names import renamed
from nnlint.readers.weights.names import holds_weights
from nnlint.readers.weights.pytorch import beginning
from nnlint.readers.weights.stored import Foreign, Malformed, Mapped, Raw, Type

MEMBER = "model.weights.h5"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LARGEST = 2**31
EXPANSION = 200
LEAST = 2**20
"""Bytes that anything may unpack to."""
STATE = ("optimizer", "metrics", "_optimizer", "loss_tracker", "compile_metrics")
"""What stands beside the layers at the top of a file."""


def open_keras(path: Path) -> list[Raw]:
    """The arrays of a file. Raises Malformed, or Foreign when h5py is not there or they are no weights."""
    archived = path.suffix.lower() == ".keras"
    if archived:
        source, base = _member(path)
    else:
        source, base = path, 0
        with path.open("rb") as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                raise Malformed("no HDF5 file, or truncated")
    if importlib.util.find_spec("h5py") is None:
        raise Foreign("install h5py to have weights of Keras read")
    return _arrays(importlib.import_module("h5py"), source, Mapped(path), base)


Source = Path | bytes | tuple[Path, int, int]
"""A file, the bytes of one, or a part of one: its path, where it begins and how long it is."""


def _member(path: Path) -> tuple[Source, int]:
    """The weights within an archive, and where in it their bytes stand; -1 where they are packed."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside(archive.infolist())
            if MEMBER not in archive.namelist():
                raise Foreign("an archive without the weights of Keras")
            member = archive.getinfo(MEMBER)
            if member.compress_type == zipfile.ZIP_STORED:
                base = beginning(path, member)
                return (path, base, member.file_size), base
            if member.file_size > max(EXPANSION * path.stat().st_size, LEAST):
                raise Malformed(f"'{MEMBER}' unpacks to {member.file_size} bytes", unsafe=True)
            if member.file_size > LARGEST:
                raise Foreign("its weights are larger than 2 GB; save them as .weights.h5")
            return archive.read(MEMBER), -1
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None


class _Window(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, path: Path, base: int, size: int) -> None:
        self._file, self._base, self._size, self._at = path.open("rb"), base, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._base + self._at)
        content = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def _opened(h5py: Any, source: Source) -> Any:
    if isinstance(source, Path):
        return h5py.File(str(source), "r")
    return h5py.File(io.BytesIO(source) if isinstance(source, bytes) else _Window(*source), "r")


def _arrays(h5py: Any, source: Source, content: Mapped, base: int) -> list[Raw]:
    found: dict[str, Raw] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and not name.startswith(STATE):
            kind = Type(item.dtype.name, item.dtype, item.dtype.kind == "f")
            load = _loading(partial(_opened, h5py, source), name, item, kind, content, base)
            found[name] = Raw(name, tuple(map(int, item.shape)), kind, load)

    try:
        with _opened(h5py, source) as file:
            file.visititems(take)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None
    names = renamed({raw.name: raw.shape for raw in found.values()})
    raws = [Raw(names[name], raw.shape, raw.type, raw.load) for name, raw in found.items()]
    if not holds_weights(r.name for r in raws):
        raise Foreign("it holds no weights by name")
    return raws


def _loading(
    again: Callable[[], Any], name: str, item: Any, kind: Type, content: Mapped, base: int
) -> Callable[[], Array]:
    """How the values are had: mapped where they stand in one piece, unpacked one tensor at a time elsewhere.

    Raises Malformed where they stand in other files, or where there are absurdly many of them.
    """
    if item.external or item.is_virtual:
        raise Malformed(f"the values of '{name[:60]}' stand in other files", unsafe=True)
    shape, offset = tuple(map(int, item.shape)), item.id.get_offset()
    count = math.prod(shape)
    if offset is not None and base >= 0:
        return lambda: content.values(kind, base + offset, count).reshape(shape)
    stored = item.id.get_storage_size()
    if count * item.dtype.itemsize > min(max(EXPANSION * stored, LEAST), LARGEST):
        raise Malformed(f"'{name[:60]}' unpacks to {count * item.dtype.itemsize} bytes", unsafe=True)
    return partial(_unpacked, again, name)


def _unpacked(again: Callable[[], Any], name: str) -> Array:
    try:
        with again() as file:
            return np.asarray(file[name][()])
    except (OSError, RuntimeError, KeyError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None
