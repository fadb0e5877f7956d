"""Opened tables: any file as a lazy frame, whose rows are read only when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from nnlint.dataclass import dataclass
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.readers.data.engines import ROW, Remote, named

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
    holds all values in the one column ``values``. ``remote``: where the rows are when they are not read here;
    ``frame`` then holds the first of them. ``address``: of a table in a data base. ``raw``: gives
    the rows of a text file with missing values as they are written.
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
    notes: tuple[str, ...] = ()
    remote: Remote | None = None
    address: str = ""
    raw: Callable[[], pl.LazyFrame] | None = None

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
            return _checked(path, "parquet", file.read())


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
                return _checked(path, "arrow", attempt())
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


def _checked(path: Path, format_: str, table: Any) -> Table:
    """An Arrow table as a table. The engine trusts what it is given; damaged offsets would crash it."""
    table.validate(full=True)
    names: list[str] = [str(n) for n in table.schema.names]  # raises for names that are no text
    frame, left = sound(table.rename_columns(unique(names)))
    return replace(_columnar(path, format_, frame.lazy()), notes=(*repetition(repeated(names)), *left))


def sound(table: Any) -> tuple[pl.DataFrame, list[str]]:
    """An Arrow table in types that the engine has; and what is said of columns that are left out."""
    table, left = _known(table)
    frame = pl.from_arrow(table.replace_schema_metadata(None))
    assert isinstance(frame, pl.DataFrame)
    return frame, left


def _known(table: Any) -> tuple[Any, list[str]]:
    """The table in types that the engine has; and what is said of columns that are left out."""
    import pyarrow as pa

    left = list[str]()
    for i, field in reversed(list(enumerate(table.schema))):
        kind = field.type.storage_type if isinstance(field.type, pa.ExtensionType) else field.type
        plain = (
            pa.float64() if pa.types.is_decimal(kind) else pa.float32() if pa.types.is_float16(kind) else None
        )
        if plain is not None:
            table = table.set_column(i, field.name, table.column(i).cast(plain))
        elif pa.types.is_union(kind) or pa.types.is_interval(kind) or pa.types.is_run_end_encoded(kind):
            table = table.remove_column(i)
            left.append(f"column '{field.name}' is left out: nnlint does not read values of type {kind}")
    return table, left


def unique(names: Iterable[str]) -> list[str]:
    """Names that tell the columns apart: repeated ones get a number, as pandas does it."""
    taken: set[str] = {ROW}
    found = list[str]()
    for name in names:
        wanted, number = name, 0
        while wanted in taken:
            number += 1
            wanted = f"{name}.{number}"
        taken.add(wanted)
        found.append(wanted)
    return found


def repeated(names: Sequence[str]) -> tuple[str, ...]:
    """Names that several columns have."""
    return tuple(n for n, times in Counter(names).items() if times > 1 and n.strip())


def repetition(names: Sequence[str]) -> tuple[str, ...]:
    """What is said of names that several columns have."""
    short = [n[:40] for n in names]
    return tuple(f"several columns are called '{n}': the others are read as '{n}.1'..." for n in short)


def _columnar(path: Path, format_: str, frame: pl.LazyFrame) -> Table:
    names = frame.collect_schema().names()
    if not names:
        raise Malformed("no columns")
    if unique(names) != names:
        frame = frame.select(named(n).alias(m) for n, m in zip(names, unique(names), strict=True))
    rows: int = frame.select(pl.len()).collect(engine="streaming").item()
    if not rows:
        raise Malformed("no rows, only column names")
    return Table(path, format_, frame, rows=rows)


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
            raise Malformed(f"{self.reason}: {shortened(error)}") from None


def shortened(error: BaseException) -> str:
    """The first line of what an error says."""
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
