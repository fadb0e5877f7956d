"""NPZ archives whose arrays are named as weights."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from nnlint.readers.statistics import Array
from nnlint.readers.weights.stored import Malformed, Raw, Type

LARGEST = 2**31
EXPANSION = 200


def inside(members: Iterable[zipfile.ZipInfo]) -> None:
    """Raises Malformed where a member would be unpacked outside of the archive's folder."""
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise Malformed(f"its member {member.filename[:60]!r} leaves the folder", unsafe=True)


def open_arrays(path: Path) -> list[Raw]:
    """The arrays of an archive. Raises Malformed."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside(archive.infolist())
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            total = sum(m.file_size for m in members)
            if total > LARGEST or total > max(EXPANSION * path.stat().st_size, 2**20):
                raise Malformed(f"unpacks to {total} bytes", unsafe=total > EXPANSION * path.stat().st_size)
            return [_raw(archive, m, path) for m in members]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None


def _raw(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Raw:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        reader = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = reader(file)
    if dtype.hasobject:
        raise Malformed(f"array '{member.filename[:60]}' holds pickled objects", unsafe=True)
    kind = Type(dtype.name, dtype, dtype.kind == "f")
    return Raw(member.filename.removesuffix(".npy"), shape, kind, partial(_values, path, member.filename))


def _values(path: Path, name: str) -> Array:
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        values: Array = np.lib.format.read_array(file, allow_pickle=False)
    return values
