"""CSV and TSV: separator, header, encoding and shape are found out, not assumed."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from pathlib import Path
from typing import Literal

import polars as pl

from nnlint.readers.data.tables import IN_MEMORY_BYTES, Malformed, Table, guarded, kept

NULLS = [
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "null", "NULL", "Null"),
    *("None", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
]
"""Spellings of a missing value: those pandas knows (``pandas.read_csv``, ``na_values``)."""

SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 64 << 10
UNPACKED_BYTES = 1 << 30
EXPANSION = 200
"""DEFLATE packs text 3 to 20 times, at most 1032 times; beyond this, a large file is taken for a trap."""


def open_delimited(path: Path) -> Table:
    """A CSV or TSV file, plain or gzip. Raises Malformed with reason and, where known, line."""
    data = _unpacked(path) if path.name.lower().endswith(".gz") else None
    head = data[:HEAD_BYTES] if data is not None else _head(path)
    text = _decoded(head)
    separator = _separator(text)
    first = next(csv.reader(io.StringIO(text), delimiter=separator), [])
    header = not _all_numbers(first)
    scan = _scan(path, data, separator, header)
    with guarded("not readable as CSV"):
        frame, rows = _rows(path, data, scan)
    if not rows:
        raise Malformed("only column names, no rows" if header else "no rows")
    if not header:
        frame = frame.rename(lambda name: name.replace("column_", "column "))
    complaints = _short_rows(path, data, frame, separator)
    line = 0 if _broken_lines(path, data, rows, header) else 1 + header
    return Table(path, "csv", frame, rows, True, header, line, complaints)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _unpacked(path: Path) -> bytes:
    limit = max(EXPANSION * path.stat().st_size, IN_MEMORY_BYTES)
    try:
        with gzip.open(path) as file:
            data = file.read(min(limit, UNPACKED_BYTES) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"not a whole gzip file: {error}") from None
    if len(data) > limit:
        raise Malformed(f"unpacks to more than {EXPANSION} times its size", unsafe=True)
    if len(data) > UNPACKED_BYTES:
        raise Malformed("unpacks to more than 1 GB; unpack it to have it read")
    return data


def _decoded(head: bytes) -> str:
    if not head.strip():
        raise Malformed("the file is empty")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed("UTF-16 text; save it as UTF-8")
    if b"\0" in head:
        raise Malformed("binary content, not text")
    text = head.decode("utf-8-sig", errors="replace")
    odd = sum(c == "\ufffd" or (ord(c) < 32 and c not in "\t\n\r\f") for c in text)
    if odd > 0.1 * len(text):
        raise Malformed("binary content, not text")
    return text if len(head) < HEAD_BYTES else text[: text.rfind("\n") + 1] or text


def _separator(text: str) -> str:
    """The separator that divides most lines into the same number of fields, above one."""
    best, best_score = ",", 0.0
    for separator in SEPARATORS:
        rows = [len(r) for r in csv.reader(io.StringIO(text), delimiter=separator) if r][:200]
        width, times = Counter(rows).most_common(1)[0] if rows else (1, 0)
        score = times / max(len(rows), 1) if width > 1 and rows[0] == width else 0.0
        if score > best_score + 0.1:
            best, best_score = separator, score
    return best


def _all_numbers(fields: list[str]) -> bool:
    try:
        return bool([float(f) for f in fields])
    except ValueError:
        return False


def _scan(path: Path, data: bytes | None, separator: str, header: bool) -> pl.LazyFrame:
    def scan(encoding: Literal["utf8", "utf8-lossy"]) -> pl.LazyFrame:
        source = path if data is None else io.BytesIO(data)
        return pl.scan_csv(
            source,
            separator=separator,
            has_header=header,
            infer_schema=False,
            null_values=NULLS,
            encoding=encoding,
            glob=False,
        )

    try:
        lazy = scan("utf8")
        lazy.select(pl.len()).collect(engine="streaming")
        if (path.stat().st_size if data is None else len(data)) <= IN_MEMORY_BYTES:
            lazy.collect(engine="streaming")
        return lazy
    except pl.exceptions.ComputeError as error:
        if "utf-8" in str(error).lower():
            return scan("utf8-lossy")
        raise _long_row(path, data, separator, str(error)) from None
    except pl.exceptions.PolarsError as error:
        raise Malformed(f"not readable as CSV: {str(error).splitlines()[0]}") from None


def _rows(path: Path, data: bytes | None, scan: pl.LazyFrame) -> tuple[pl.LazyFrame, int]:
    if data is not None:
        frame = scan.collect(engine="streaming").lazy()
    else:
        frame = kept(scan, path)
    if _contains(path, data, (b"\n\n", b"\r\n\r\n")):
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines are no rows
    return frame, frame.select(pl.len()).collect(engine="streaming").item()


def _lines(path: Path, data: bytes | None, separator: str) -> tuple[object, io.TextIOWrapper]:
    raw = path.open("rb") if data is None else io.BytesIO(data)
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
    return csv.reader(text, delimiter=separator), text


def _long_row(path: Path, data: bytes | None, separator: str, said: str) -> Malformed:
    """The first row with more fields than the header, with its line."""
    found = _row_of_other_length(path, data, separator, longer=True)
    return found or Malformed(f"not readable as CSV: {said.splitlines()[0]}")


def _row_of_other_length(path: Path, data: bytes | None, separator: str, *, longer: bool) -> Malformed | None:
    reader, file = _lines(path, data, separator)
    with file:
        try:
            width = 0
            for row in reader:  # type: ignore[attr-defined]
                width = width or len(row)
                wrong = len(row) > width if longer else 0 < len(row) < width
                if wrong:
                    line: int = reader.line_num  # type: ignore[attr-defined]
                    return Malformed(f"{len(row)} fields where the header has {width}", line)
        except csv.Error as error:
            return Malformed(f"not readable as CSV: {error}", reader.line_num)  # type: ignore[attr-defined]
    return None


def _short_rows(path: Path, data: bytes | None, frame: pl.LazyFrame, separator: str) -> tuple[Malformed, ...]:
    """A row that ends early, as in a truncated file: it can be read, but the user should know."""
    names = frame.collect_schema().names()
    if len(names) < 2 or (path.stat().st_size if data is None else len(data)) > IN_MEMORY_BYTES:
        return ()
    if not frame.select(pl.col(names[-1]).is_null().any()).collect(engine="streaming").item():
        return ()
    short = _row_of_other_length(path, data, separator, longer=False)
    return (short,) if short else ()


def _broken_lines(path: Path, data: bytes | None, rows: int, header: bool) -> bool:
    """Whether lines and rows do not go together, so that a row number tells no line."""
    count, last = 0, b"\n"
    raw = path.open("rb") if data is None else io.BytesIO(data)
    with raw as file:
        while chunk := file.read(1 << 20):
            count, last = count + chunk.count(b"\n"), chunk[-1:]
    return count + (last != b"\n") != rows + header


def _contains(path: Path, data: bytes | None, needles: tuple[bytes, ...]) -> bool:
    if data is not None:
        return any(n in data for n in needles)
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(1 << 20):
            if any(n in tail + chunk for n in needles):
                return True
            tail = chunk[-4:]
    return False
