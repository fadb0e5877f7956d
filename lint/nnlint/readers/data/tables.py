"""Opened tables: any file as a lazy frame, whose rows are read only when asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place

IN_MEMORY_BYTES = 32 << 20
"""Files up to this size are read once and kept; larger ones are streamed at each pass."""


EXPANSION_CELLS = 500_000_000
"""Values of a small Parquet file beyond which it is taken for a trap: 4 GB as float64."""


class Malformed(Exception):
    """The file is not what its name says. Carries what is said to the user."""

    def __init__(self, reason: str, line: int = 0, *, unsafe: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.line, self.unsafe = reason, line, unsafe

    def evidence(self, path: Path, format_: str) -> Unreadable | Unsafe:
        """The evidence that takes the table's place."""
        place = Place(path.as_posix(), line=self.line, column=1 if self.line else 0)
        return (Unsafe if self.unsafe else Unreadable)(place, format_, self.reason)


@dataclass(frozen=True, eq=False)
class Table:
    """One file, or one array of a file, before it is known what belongs together.

    ``written``: all columns are text as it stands in the file, to be typed by their values. ``named``: the
    column names are the file's own. ``complaints``: what is wrong though the table can be read. ``reduce``:
    for arrays of rank 3 and more, gives the figures of the rows with the numbers asked for; ``frame`` then
    holds all values in the one column ``values``.
    """

    path: Path
    format: str
    frame: pl.LazyFrame
    rows: int | None = None
    written: bool = False
    named: bool = True
    first_line: int = 0
    complaints: tuple[Malformed, ...] = ()
    member: str = ""
    rank: int = 2
    integer: bool = False
    shape: tuple[int, ...] = ()
    reduce: Callable[[Sequence[int]], pl.DataFrame] | None = None

    @property
    def names(self) -> list[str]:
        """The column names."""
        return self.frame.collect_schema().names()


def open_parquet(path: Path) -> Table:
    """A Parquet file. Raises Malformed."""
    from pyarrow import parquet

    _check_not_empty(path)
    with guarded("not a readable Parquet file"):
        if path.stat().st_size > IN_MEMORY_BYTES:
            return _columnar(path, "parquet", pl.scan_parquet(path, glob=False))
        with parquet.ParquetFile(path) as file:
            _check_expansion(path, file.metadata)
            return _columnar(path, "parquet", _checked(file.read()))


def open_arrow(path: Path) -> Table:
    """A Feather or Arrow file, or a stream of Arrow batches; mapped, not copied. Raises Malformed."""
    import pyarrow as pa
    from pyarrow import feather

    _check_not_empty(path)
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: pa.ipc.open_file(pa.memory_map(str(path))).read_all(),
        lambda: pa.ipc.open_stream(pa.memory_map(str(path))).read_all(),
        lambda: feather.read_table(path),
    )
    problems: list[Malformed] = []
    for attempt in attempts:
        try:
            with guarded("not a readable Arrow file"):
                return _columnar(path, "arrow", _checked(attempt()))
        except Malformed as problem:
            problems.append(problem)
    raise problems[0]


def _check_not_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise Malformed("the file is empty")


def _check_expansion(path: Path, metadata: Any) -> None:
    """Small files may still promise more values than memory holds."""
    if metadata.num_rows * metadata.num_columns > EXPANSION_CELLS:
        promised = f"{metadata.num_rows:,} rows of {metadata.num_columns:,} columns"
        raise Malformed(f"{path.stat().st_size:,} bytes unpack to {promised}", unsafe=True)


def _checked(table: Any) -> pl.LazyFrame:
    """An Arrow table as a frame. The engine trusts what it is given; damaged offsets would crash it."""
    table.validate(full=True)
    str(table.schema)  # raises for names that are no text
    frame = pl.from_arrow(table.replace_schema_metadata(None))
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def _columnar(path: Path, format_: str, frame: pl.LazyFrame) -> Table:
    if not frame.collect_schema().names():
        raise Malformed("no columns")
    rows: int = frame.select(pl.len()).collect(engine="streaming").item()
    if not rows:
        raise Malformed("no rows, only column names")
    return Table(path, format_, frame, rows=rows)


def open_json_lines(path: Path) -> Table:
    """JSON Lines: one object a line. Raises Malformed with the line that is none."""
    _check_not_empty(path)
    try:
        with guarded("not JSON Lines"):
            frame = kept(pl.scan_ndjson(path, infer_schema_length=10_000), path)
            rows = frame.select(pl.len()).collect(engine="streaming").item()
    except Malformed as problem:
        raise _broken_line(path) or problem from None
    if not rows:
        raise Malformed("no rows")
    broken = _broken_line(path) if path.stat().st_size <= IN_MEMORY_BYTES else None
    return Table(path, "jsonl", frame, rows=rows, first_line=1, complaints=(broken,) if broken else ())


def _broken_line(path: Path) -> Malformed | None:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return Malformed("not a JSON object", number)
            except (ValueError, RecursionError) as error:
                return Malformed(f"not a JSON object: {_short(error)}", number)
    return None


def kept(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """The frame in memory when its file is small."""
    if path.stat().st_size > IN_MEMORY_BYTES:
        return frame
    return frame.collect(engine="streaming").lazy()


class guarded:  # noqa: N801 - reads as a word: ``with guarded("not a table")``
    """Turns whatever a library says about a file into Malformed with ``reason`` in front."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, Malformed):
            return
        # A panic of the engine is not an Exception, and hostile files can cause one.
        if isinstance(error, Exception | pl.exceptions.PanicException):
            raise Malformed(f"{self.reason}: {_short(error)}") from None


def _short(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."


def batches(
    frames: Callable[[int, int], pl.DataFrame], rows: int, schema: dict[str, pl.DataType], step: int = 0
) -> pl.LazyFrame:
    """A lazy frame of what is made batch by batch: ``frames(start, stop)`` gives those rows."""
    from polars.io.plugins import register_io_source

    width = max(len(schema), 1)
    step = step or max(1, min(100_000, 4_000_000 // width))

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        total = rows if limit is None else min(limit, rows)
        for start in range(0, total, step):
            frame = frames(start, min(total, start + step))
            frame = frame if columns is None else frame.select(columns)
            yield frame if predicate is None else frame.filter(predicate)

    return register_io_source(source, schema=schema)
