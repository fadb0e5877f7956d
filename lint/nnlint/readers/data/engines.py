"""Where the rows are: in files, read by the embedded engine, or in a data base that Ibis speaks to."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import polars as pl
from polars import selectors

NAME, CELL = "name", "cell"

ROW = "\0row"
"""The column of row numbers in a sample."""


def named(name: str) -> pl.Expr:
    """The column called exactly so: ``pl.col`` takes ``*`` and ``^...$`` for patterns."""
    return pl.col(name) if name != "*" and not name.startswith("^") else selectors.by_name(name).as_expr()


class Rows(Protocol):
    """The rows of one split. Columns are asked for by name and go by ``c0``, ``c1``... in expressions."""

    def table(self, names: Sequence[str]) -> ir.Table:
        """A table of these columns, the first called ``c0``."""
        ...

    def cells(self, names: Sequence[str]) -> ir.Table | None:
        """The same columns below each other: ``name`` (``c0``...) and ``cell``; None where that is slow."""
        ...

    def run(self, queries: Sequence[ir.Table]) -> list[pl.DataFrame]:
        """The results of expressions over these tables, small ones only."""
        ...

    def has(self, operation: type[ops.Node]) -> bool:
        """Whether the engine knows an operation of Ibis."""
        ...


class Embedded:
    """A lazy frame, scanned by the embedded engine as a stream."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self._frame = frame

    def table(self, names: Sequence[str]) -> ir.Table:
        """A table of these columns, the first called ``c0``."""
        return _known(self._renamed(names) if names else self._frame)

    def cells(self, names: Sequence[str]) -> ir.Table:
        """The same columns below each other."""
        return _known(self._renamed(names).unpivot(variable_name=NAME, value_name=CELL))

    def run(self, queries: Sequence[ir.Table]) -> list[pl.DataFrame]:
        """All results, in one pass over the rows where they are scanned alike."""
        plans = [query.get_backend().compile(query) for query in queries]
        return pl.collect_all(plans, engine="streaming") if plans else []

    def has(self, operation: type[ops.Node]) -> bool:
        """Whether the engine knows an operation of Ibis."""
        return bool(ibis.polars.has_operation(operation))

    def _renamed(self, names: Sequence[str]) -> pl.LazyFrame:
        return self._frame.select(named(n).alias(f"c{i}") for i, n in enumerate(names))


def _known(frame: pl.LazyFrame) -> ir.Table:
    """A frame as Ibis sees it."""
    return ibis.polars.connect({"rows": frame}).table("rows")


SHARED = ("pyspark",)
"""Back ends of which a process has one session: it ends with the process."""


class Remote:
    """A table of a data base; only aggregates and a bounded sample leave it."""

    def __init__(self, table: ir.Table, backend: Any) -> None:
        self._table, self._backend = table, backend
        if backend.name not in SHARED:
            weakref.finalize(self, backend.disconnect)

    def table(self, names: Sequence[str]) -> ir.Table:
        """A table of these columns, the first called ``c0``."""
        if not names:
            return self._table
        return self._table.select(**{f"c{i}": self._table[n] for i, n in enumerate(names)})

    def cells(self, names: Sequence[str]) -> None:
        """Data bases have no columns by the thousand."""
        return

    def run(self, queries: Sequence[ir.Table]) -> list[pl.DataFrame]:
        """The results, one query after the other."""
        from nnlint.readers.data.tables import sound

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drivers and of Ibis, none that the user could heed
            return [sound(self._backend.to_pyarrow(query))[0] for query in queries]

    def has(self, operation: type[ops.Node]) -> bool:
        """Whether the engine knows an operation of Ibis."""
        return bool(self._backend.has_operation(operation))
