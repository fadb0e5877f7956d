"""Excel workbooks (XLSX): each sheet is a table, its cells text to be typed by their values."""

from __future__ import annotations

import datetime
import itertools
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from nnlint.readers.data.blanks import NULLS
from nnlint.readers.data.packed import EXPANSION, UNPACKED_BYTES
from nnlint.readers.data.tables import (
    IN_MEMORY_BYTES,
    Malformed,
    Table,
    repeated,
    repetition,
    shortened,
    unique,
)

CELLS = 20_000_000
"""Cells of a sheet that are read; each is an object in memory meanwhile."""

EMPTY_ROWS = 20
"""Rows without any value above a table at most."""


def open_excel(path: Path) -> list[Table]:
    """The sheets of a workbook that hold tables. Raises Malformed."""
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise Malformed("a workbook of an old or other kind; save it as XLSX or CSV")
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise Malformed("reading XLSX needs openpyxl: pip install 'nnlint[excel]'") from None
    _check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that no value depends on
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            found = [(sheet.title, _sheet(sheet.iter_rows(values_only=True))) for sheet in book.worksheets]
            book.close()
    except Malformed:
        raise
    except Exception as error:  # openpyxl raises whatever its XML parser and its own code run into
        raise Malformed(f"not a whole workbook: {shortened(error)}") from None
    tables = [(title, names, frame) for title, (names, frame) in found if frame is not None and frame.height]
    if not tables:
        raise Malformed("no sheet holds rows below column names")
    single = len(tables) == 1
    return [_table(path, "" if single else title, names, frame) for title, names, frame in tables]


def _check_size(path: Path) -> None:
    if path.stat().st_size == 0:
        raise Malformed("the file is empty")
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(m.file_size for m in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise Malformed(f"not a whole workbook: {error}") from None
    if total > max(EXPANSION * path.stat().st_size, IN_MEMORY_BYTES):
        raise Malformed(f"unpacks to {total // path.stat().st_size} times its size", unsafe=True)
    if total > UNPACKED_BYTES:
        raise Malformed("unpacks to more than 1 GB; save it as CSV")


def _sheet(rows: Iterable[Sequence[Any]]) -> tuple[list[str], pl.DataFrame | None]:
    """The names of the columns and the rows below them; None when there are none."""
    below: Iterator[Sequence[Any]] = iter(rows)
    first = next((r for r in itertools.islice(below, EMPTY_ROWS) if sum(v is not None for v in r) > 1), None)
    if first is None:
        return [], None
    width = max(i for i, v in enumerate(first, start=1) if v is not None)
    names = ["" if v is None else str(v) for v in first[:width]]
    columns: list[list[str | None]] = [[] for _ in range(width)]
    for number, row in enumerate(below, start=1):
        if number * width > CELLS:
            raise Malformed(f"a sheet of more than {CELLS:,} cells; save it as CSV")
        if any(v is not None for v in row[:width]):
            for column, value in itertools.zip_longest(columns, row[:width]):
                column.append(_text(value))
    series = [pl.Series(n, c, dtype=pl.String) for n, c in zip(unique(names), columns, strict=True)]
    return names, pl.DataFrame(series)


def _text(value: object) -> str | None:
    """A cell as a CSV file would have it."""
    if value is None or value in NULLS:
        return None
    if isinstance(value, datetime.datetime):
        return str(value.date() if value.time() == datetime.time() else value)
    return str(value)


def _table(path: Path, sheet: str, names: Sequence[str], frame: pl.DataFrame) -> Table:
    notes = repetition(repeated(names))
    return Table(path, "xlsx", frame.lazy(), frame.height, written=True, member=sheet, notes=notes)
