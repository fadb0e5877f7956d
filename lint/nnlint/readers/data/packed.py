"""Packed files: told by their first bytes, whatever they are called, and unpacked within bounds."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from nnlint.readers.data.tables import IN_MEMORY_BYTES, Malformed

UNPACKED_BYTES = 1 << 30
EXPANSION = 200
"""DEFLATE packs text 3 to 20 times, at most 1032 times; beyond this, a large file is taken for a trap."""

POINTER = b"version https://git-lfs.github.com/spec/"


def _zstd(path: Path) -> AbstractContextManager[Any]:
    import pyarrow as pa

    stream: AbstractContextManager[Any] = pa.input_stream(str(path), compression="zstd")
    return stream


def _zip(path: Path) -> AbstractContextManager[Any]:
    archive = zipfile.ZipFile(path)
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
    if len(members) != 1:
        raise Malformed(f"a ZIP archive of {len(members)} files; unpack it to have them read")
    return archive.open(members[0])


PACKED: dict[bytes, tuple[str, Callable[[Path], AbstractContextManager[Any]]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    b"PK\x03\x04": ("ZIP", _zip),
}
"""First bytes of a packed file -> what packed it, and what opens it."""


def unpacked(path: Path) -> bytes | None:
    """What a packed file holds, None when it is not packed. Raises Malformed."""
    with path.open("rb") as file:
        first = file.read(len(POINTER))
    if first.startswith(POINTER):
        raise Malformed("a pointer of Git LFS, not the data themselves; run `git lfs pull`")
    for magic, (kind, opener) in PACKED.items():
        if first.startswith(magic):
            return _read(path, kind, opener)
    return None


def _read(path: Path, kind: str, opener: Callable[[Path], AbstractContextManager[Any]]) -> bytes:
    limit = max(EXPANSION * path.stat().st_size, IN_MEMORY_BYTES)
    try:
        with opener(path) as file:
            data: bytes = file.read(min(limit, UNPACKED_BYTES) + 1)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError) as error:
        raise Malformed(f"not a whole {kind} file: {error}") from None
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Malformed(f"not a whole {kind} file: {error}") from None
    if len(data) > limit:
        raise Malformed(f"unpacks to more than {EXPANSION} times its size", unsafe=True)
    if len(data) > UNPACKED_BYTES:
        raise Malformed("unpacks to more than 1 GB; unpack it to have it read")
    return data
