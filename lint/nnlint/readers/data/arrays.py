"""NPY and NPZ: arrays by their headers, never by pickle. Large ones stay on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import polars as pl

from nnlint.readers.data.tables import IN_MEMORY_BYTES, Malformed, Table, batches

Array = np.ndarray[Any, np.dtype[Any]]

UNPACKED_BYTES = 2 << 30
EXPANSION = 1_000
"""Arrays of zeros may pack 1000 times; a large file that promises more is taken for a trap."""

GRID = 16
"""Arrays of rank 3 and more are pooled to at most this many cells along their first two axes."""


def open_array(path: Path) -> list[Table]:
    """The array of a NPY file. Raises Malformed."""
    with path.open("rb") as file:
        shape, dtype, offset = _header(file)
    expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
    size = path.stat().st_size - offset
    if size < expected:
        raise Malformed(f"truncated: {size} of {expected} bytes of an array of shape {shape}")
    array = np.load(path, mmap_mode="r" if expected > IN_MEMORY_BYTES else None, allow_pickle=False)
    return [table_of(array, path, "npy", "")]


def open_archive(path: Path) -> list[Table]:
    """The arrays of a NPZ file, by name. Raises Malformed."""
    if path.stat().st_size == 0:
        raise Malformed("the file is empty")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            _check_size(path, members)
            tables = [_member(archive, m, path) for m in members]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Malformed(f"not a whole NPZ archive: {error}") from None
    if not tables:
        raise Malformed("no arrays in the archive")
    return [t for t in tables if t is not None]


def _check_size(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    total = sum(m.file_size for m in members)
    if total > IN_MEMORY_BYTES and total > EXPANSION * path.stat().st_size:
        raise Malformed(f"unpacks to {total // path.stat().st_size} times its size", unsafe=True)
    if total > UNPACKED_BYTES:
        raise Malformed("unpacks to more than 2 GB; save the arrays as .npy files to have them read")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Table | None:
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        shape, dtype, offset = _header(cast(BinaryIO, file), name)
        expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if expected > member.file_size - offset:
            raise Malformed(f"array '{name}' is truncated: its header promises shape {shape}")
    with archive.open(member) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return table_of(array, path, "npz", name) if array.ndim else None


def _header(file: BinaryIO, name: str = "") -> tuple[tuple[int, ...], np.dtype[Any], int]:
    what = f"array '{name}'" if name else "the array"
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise Malformed(f"{what} has no readable header: {str(error).splitlines()[0][:90]}") from None
    if dtype.hasobject:
        raise Malformed(f"{what} holds pickled objects, which run code when loaded", unsafe=True)
    if any(n < 0 for n in shape):
        raise Malformed(f"{what} has an impossible shape {shape}")
    return shape, dtype, file.tell()


def table_of(array: Array, path: Path, format_: str, member: str) -> Table:
    """An array as a table: rows are its first axis. Raises Malformed when there is nothing in it."""
    if array.ndim == 0 or array.size == 0:
        raise Malformed(f"no rows: the array{f' {member!r}' if member else ''} has shape {array.shape}")
    integer = array.dtype.kind in "iub"
    common = {"path": path, "format": format_, "member": member, "integer": integer, "named": False}
    common["shape"] = array.shape
    if array.dtype.names:
        fields = {n: _plain(array[n]) for n in array.dtype.names if array[n].ndim == 1}
        return Table(frame=pl.DataFrame(fields).lazy(), rows=len(array), **{**common, "named": True})  # type: ignore[arg-type]
    if array.dtype.kind not in ("iufbUSM" if array.ndim < 3 else "iufbUS"):
        raise Malformed(f"values of type {array.dtype} are no numbers")
    if array.ndim > 2:
        reduce = _reducer(array)
        return Table(frame=_values(array), rows=len(array), rank=array.ndim, reduce=reduce, **common)  # type: ignore[arg-type]
    wide = array.reshape(len(array), -1)
    name = member or path.stem
    names = [name] if array.ndim == 1 else [f"column {i}" for i in range(wide.shape[1])]
    return Table(frame=_frame(wide, names), rows=len(array), **common)  # type: ignore[arg-type]


def _plain(array: Array) -> Array:
    """In types that the engine takes: native byte order, text for bytes, no half precision."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind in "mM":
        return array.astype(f"{array.dtype.kind}8[us]")
    if array.dtype == np.float16 or (array.dtype.kind == "f" and array.dtype.itemsize > 8):
        return array.astype(np.float64 if array.dtype.itemsize > 8 else np.float32)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _frame(array: Array, names: list[str]) -> pl.LazyFrame:
    def rows(start: int, stop: int) -> pl.DataFrame:
        part = _plain(array[start:stop])
        if part.dtype.kind == "U":
            return pl.DataFrame({n: part[:, i].tolist() for i, n in enumerate(names)})
        return pl.from_numpy(part, schema=names)

    if array.nbytes <= IN_MEMORY_BYTES:
        return rows(0, len(array)).lazy()
    return batches(rows, len(array), dict(rows(0, 1).schema))


def _values(array: Array) -> pl.LazyFrame:
    """All single values in one column."""
    if array.dtype.kind in "US":
        raise Malformed(f"text in an array of shape {array.shape}")
    each = int(np.prod(array.shape[1:]))
    step = max(1, 100_000 // each)

    def rows(start: int, stop: int) -> pl.DataFrame:
        return pl.DataFrame({"values": _plain(array[start * step : stop * step]).ravel()})

    if array.nbytes <= IN_MEMORY_BYTES:
        return pl.DataFrame({"values": _plain(array).ravel()}).lazy()
    blocks = -(-len(array) // step)
    return batches(rows, blocks, dict(rows(0, 1).schema), step=10)


def _reducer(array: Array) -> Callable[[Sequence[int]], pl.DataFrame]:
    def reduce(rows: Sequence[int]) -> pl.DataFrame:
        figures = np.stack([pooled(np.asarray(array[i], dtype=np.float32)) for i in rows])
        return pl.from_numpy(figures, schema=[f"figure {i}" for i in range(figures.shape[1])])

    return reduce


def pooled(value: Array) -> Array:
    """An image or sequence as a short vector: means over a grid, over all else the mean."""
    if value.ndim == 3 and value.shape[0] in (1, 3, 4) and value.shape[2] > 4:
        value = np.moveaxis(value, 0, -1)  # (C, H, W) -> (H, W, C)
    while value.ndim > 2:
        value = value.mean(axis=-1)
    for axis in range(value.ndim):
        length = value.shape[axis]
        if length > GRID:
            edges = np.arange(GRID) * length // GRID
            sizes = np.diff(np.append(edges, length))
            value = np.add.reduceat(value, edges, axis=axis)
            value = value / sizes.reshape([-1 if a == axis else 1 for a in range(value.ndim)])
    return value.ravel()
