"""CSV and TSV: separator, header, encoding, decimal mark and shape are found out, not assumed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from nnlint.dataclass import dataclass
from nnlint.readers.data.blanks import NULLS
from nnlint.readers.data.engines import named
from nnlint.readers.data.headers import is_row, is_size
from nnlint.readers.data.lines import LONGEST_LINE, Text, text_of
from nnlint.readers.data.tables import (
    IN_MEMORY_BYTES,
    Malformed,
    Table,
    guarded,
    repeated,
    repetition,
    unique,
)

SEPARATORS = (",", ";", "\t", "|")
RARE_SEPARATORS = ("^", ":", " ")
"""Taken only where they divide a file into numbers: running text has them, too."""

csv.field_size_limit(LONGEST_LINE)  # documents are longer than the 128 kB of the default

LOOK_ROWS = 200
MOST_COLUMNS = 50_000
PREAMBLE = 20
"""Lines of a title or comment at most before the table begins."""

COMMA_NUMBER = r"^\s*[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+\s*$"
POINT_NUMBER = r"^\s*[+-]?\d+\.(\d{1,2}|\d{4,})\s*$"
COMMA_OR_WHOLE = r"^\s*[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*$"
MOSTLY = 0.9


@dataclass(frozen=True)
class Dialect:
    """How a file is divided. ``skipped``: lines before the header; ``header``: its names, none when it has
    none; ``indexed``: the header lacks the name of the first column, as R writes it.
    """

    separator: str
    skipped: int
    header: tuple[str, ...] = ()
    indexed: bool = False
    width: int = 0
    repeated: tuple[str, ...] = ()


def open_delimited(path: Path) -> Table:
    """A CSV or TSV file, plain or packed. Raises Malformed with reason and, where known, line."""
    text = text_of(path)
    dialect = _dialect(text)
    with guarded("not readable as CSV"):
        frame = _frame(text, dialect)
        rows: int = frame.select(pl.len()).collect(engine="streaming").item()
    if not rows:
        raise Malformed(_nothing(text, dialect))
    complaints = _short_rows(text, frame, dialect)
    before = dialect.skipped + bool(dialect.header)
    line = before + 1 if text.newlines == rows + before and not text.blank else 0
    notes = repetition(dialect.repeated)
    raw = partial(_raw, text, dialect)
    return Table(path, "csv", frame, rows, True, bool(dialect.header), line, complaints, notes=notes, raw=raw)


def _nothing(text: Text, dialect: Dialect) -> str:
    if text.quotes % 2:
        return "a quotation mark is never closed"
    return "only column names, no rows" if dialect.header else "no rows"


def _dialect(text: Text) -> Dialect:
    skipped, separator = _preamble(text.head)
    body = "".join(text.head.splitlines(keepends=True)[skipped:])
    separator = separator or _separator(body)
    rows = _fields(body, separator)
    if not rows:
        raise Malformed("the file is empty")
    widths = Counter(len(r) for r in rows[1:] or rows)
    width = widths.most_common(1)[0][0]
    titles = _titles(rows, width) if widths[width] >= MOSTLY * sum(widths.values()) else 0
    skipped += titles and _line_of(body, separator, titles)
    if is_size(rows[titles], text.newlines - skipped - 1):
        titles, skipped = titles + 1, skipped + 1
        return Dialect(separator, skipped, width=len(rows[titles]))
    first = rows[titles]
    if max(len(first), width) > MOST_COLUMNS:
        raise Malformed(f"{max(len(first), width):,} columns, more than the {MOST_COLUMNS:,} that are read")
    if _all_numbers(first) or is_row(first, rows[titles + 1 :]):
        return Dialect(separator, skipped, width=len(first))
    indexed = len(first) == width - 1 and len(rows) > titles + 2 and widths[width] == len(rows) - 1
    header = tuple(unique(["", *first] if indexed else first))
    return Dialect(separator, skipped, header, indexed, width, repeated(first))


def _preamble(head: str) -> tuple[int, str]:
    """Lines before the table that say so themselves: comments, and Excel's ``sep=;``."""
    lines = head.splitlines()
    skipped, separator = 0, ""
    for line in lines[:PREAMBLE]:
        declared = re.fullmatch(r"sep=(.)\s*", line)
        if declared:
            separator = declared[1]
        elif line.strip() and not (line.startswith("#") and not _as_next(lines, skipped)):
            break
        skipped += 1
    return (skipped, separator) if skipped < len(lines) else (0, "")


def _as_next(lines: Sequence[str], index: int) -> bool:
    """Whether a line that begins with # is divided as the next one is: a header."""
    following = next((line for line in lines[index + 1 :] if line.strip() and line[0] != "#"), "")
    counts = [(lines[index].count(s), following.count(s)) for s in SEPARATORS]
    return any(a == b > 0 for a, b in counts)


def _titles(rows: Sequence[Sequence[str]], width: int) -> int:
    """Rows above the header that are titles: one field, or one that is filled."""
    if width < 3:
        return 0
    titles = 0
    while titles < min(PREAMBLE, len(rows) - 2) and sum(bool(f.strip()) for f in rows[titles]) <= 1:
        titles += 1
    return titles if len(rows[titles]) in (width, width - 1) else 0


def _line_of(body: str, separator: str, row: int) -> int:
    """Lines before the row with this number; blank lines are no rows."""
    reader = csv.reader(io.StringIO(body), delimiter=separator)
    for fields in reader:
        row -= bool(fields)
        if row < 0:
            return reader.line_num - 1
    return 0


def _fields(body: str, separator: str) -> list[list[str]]:
    rows = list[list[str]]()
    try:
        for row in csv.reader(io.StringIO(body), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) > LOOK_ROWS:
                break
    except csv.Error as error:
        raise Malformed(f"not readable as CSV: {error}") from None
    return rows


def _separator(body: str) -> str:
    """The separator that divides most lines into the same number of fields, above one."""
    best, best_score = ",", 0.0
    for separator in (*SEPARATORS, *RARE_SEPARATORS):
        rows = _fields(body, separator)
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        headed = bool(rows) and (len(rows[0]) == width or 1 < len(rows[0]) == width - 1)
        alike = times / len(rows) if width > 1 and headed else 0.0
        score = alike if separator in SEPARATORS else float(alike == 1.0 and _numeric(rows))
        if score > best_score + 0.1 and (separator in SEPARATORS or not best_score):
            best, best_score = separator, score
    return best


def _numeric(rows: Sequence[Sequence[str]]) -> bool:
    """Whether half of the fields below the first row are numbers."""
    fields = [f for row in rows[1:] for f in row]
    return len(rows) > 2 and sum(_all_numbers([f]) for f in fields) >= 0.5 * len(fields)


def _all_numbers(fields: Sequence[str]) -> bool:
    try:
        return bool([float(f) for f in fields])
    except ValueError:
        return False


def _frame(text: Text, dialect: Dialect) -> pl.LazyFrame:
    """The rows, in memory where the file is small. Raises Malformed."""
    scan = _scan(text, dialect, NULLS)
    try:
        found = scan.collect_schema().names()
        if text.data is not None or text.size <= IN_MEMORY_BYTES:
            scan = scan.collect(engine="streaming").lazy()
    except pl.exceptions.ComputeError as error:
        raise _long_row(text, dialect, str(error)) from None
    scan = _called(scan, found, dialect)
    if text.blank:
        scan = scan.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines are no rows
    return _with_points(scan) if dialect.separator != "," else scan


def _raw(text: Text, dialect: Dialect) -> pl.LazyFrame:
    """The rows with missing values as they are written."""
    scan = _scan(text, dialect, None)
    return _called(scan, scan.collect_schema().names(), dialect)


def _called(scan: pl.LazyFrame, found: list[str], dialect: Dialect) -> pl.LazyFrame:
    names = dialect.header or tuple(f"column {i + 1}" for i in range(dialect.width))
    return scan.select(named(f).alias(n) for f, n in zip(found, names, strict=True))


def _scan(text: Text, dialect: Dialect, nulls: list[str] | None) -> pl.LazyFrame:
    named_by_file = bool(dialect.header) and not dialect.indexed
    schema = dict.fromkeys(dialect.header, pl.String) if dialect.indexed else None
    return pl.scan_csv(
        text.path if text.data is None else io.BytesIO(text.data),
        separator=dialect.separator,
        has_header=named_by_file,
        skip_lines=dialect.skipped + dialect.indexed,
        infer_schema=False,
        schema=schema,
        null_values=nulls,
        encoding="utf8" if text.valid else "utf8-lossy",
        glob=False,
    )


def _with_points(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Numbers with a decimal comma, in a file that has no decimal points, with a point."""
    head = frame.head(2_000).collect(engine="streaming")
    marked = [c for c in head if _share(c, COMMA_NUMBER) and _share(c, COMMA_OR_WHOLE) >= MOSTLY]
    if not marked or any(_share(c, POINT_NUMBER) >= MOSTLY for c in head):
        return frame
    changed = []
    for column in marked:
        old = named(column.name)
        new = old.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        changed.append(pl.when(old.str.contains(COMMA_OR_WHOLE)).then(new).otherwise(old).alias(column.name))
    return frame.with_columns(changed)


def _share(column: pl.Series, pattern: str) -> float:
    there = column.rename("values").drop_nulls()
    return float(there.str.contains(pattern).mean() or 0.0) if len(there) else 0.0  # type: ignore[arg-type]


def _long_row(text: Text, dialect: Dialect, said: str) -> Malformed:
    """The first row with more fields than the header, with its line."""
    if text.quotes % 2:
        return Malformed("a quotation mark is never closed")
    found = _row_of_other_length(text, dialect, longer=True)
    return found or Malformed(f"not readable as CSV: {said.splitlines()[0]}")


def _row_of_other_length(text: Text, dialect: Dialect, *, longer: bool) -> Malformed | None:
    with text.lines() as file:
        rows = _counted(file, dialect)
        try:
            width = 0
            for line, count in rows:
                width = width or count + dialect.indexed
                if count > width if longer else 0 < count < width - dialect.indexed:
                    return Malformed(f"{count} fields where the header has {width}", line)
        except csv.Error as error:
            return Malformed(f"not readable as CSV: {error}")
    return None


def _counted(file: io.TextIOWrapper, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """For each row below the preamble its last line and its number of fields."""
    for _ in range(dialect.skipped):
        file.readline()
    reader = csv.reader(file, delimiter=dialect.separator)
    for row in reader:
        yield dialect.skipped + reader.line_num, len(row)


def _short_rows(text: Text, frame: pl.LazyFrame, dialect: Dialect) -> tuple[Malformed, ...]:
    """A row that ends early, as in a truncated file: it can be read, but the user should know."""
    names = frame.collect_schema().names()
    if len(names) < 2 or text.size > IN_MEMORY_BYTES:
        return ()
    if not frame.select(named(names[-1]).is_null().any()).collect(engine="streaming").item():
        return ()
    short = _row_of_other_length(text, dialect, longer=False)
    return (short,) if short else ()
