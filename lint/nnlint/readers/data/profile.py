"""Profiles of whole columns: aggregates in Ibis, pushed down to the engine that holds the rows.

Two passes whatever the size: one for counts and moments of every column, one that counts the values of
the columns which have few. Both stream; memory does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import polars as pl

from nnlint.evidence.data import TOP, Column, Kind, spelled
from nnlint.readers.data.kinds import Guess

Row = dict[str, Any]

SHORT_TEXT = 40
"""Mean length up to which text that repeats is taken for categories, in characters."""

STRANGE = 50
"""Texts kept of a column of numbers."""

AGGREGATES = 2_000
"""Aggregates in one query; wider tables take several passes over some of their columns each."""


def columns(frame: pl.LazyFrame, guesses: Sequence[Guess]) -> tuple[int, tuple[Column, ...]]:
    """Number of rows, and the profile of each column."""
    backend = ibis.polars.connect({"rows": frame})
    table = backend.table("rows")
    counted = _aggregates(backend, table, guesses)
    rows = int(counted["rows"])
    figures = _by_column(counted, len(guesses))
    kinds = [_kind(g, f, rows) for g, f in zip(guesses, figures, strict=True)]
    few = [
        g
        for g, f, k in zip(guesses, figures, kinds, strict=True)
        if g.few
        and k in (Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY)
        and f.get("distinct", TOP + 1) <= 1.1 * TOP
    ]
    tops = _tops(backend, table, [g for g in few if _worth(g, figures[guesses.index(g)])])
    profiles = [
        _column(g, k, f, rows, tops.get(g.name)) for g, k, f in zip(guesses, kinds, figures, strict=True)
    ]
    mixed = [g for g, p in zip(guesses, profiles, strict=True) if g.parse and p.others]
    strange = _strange(backend, table, mixed)
    return rows, tuple(replace(p, strange=strange.get(p.name, ())) for p in profiles)


def _worth(guess: Guess, figures: Row) -> bool:
    return guess.kind is not Kind.NUMBER or bool(figures.get("integral"))


def _by_column(counted: Row, width: int) -> list[Row]:
    figures: list[Row] = [{} for _ in range(width)]
    for key, value in counted.items():
        index, found, name = key.partition(":")
        if found:
            figures[int(index)][name] = value
    return figures


def _aggregates(backend: Any, table: ir.Table, guesses: Sequence[Guess]) -> Row:
    result: Row = {}
    width = AGGREGATES // 10
    for start in range(0, max(len(guesses), 1), width):
        part = list(enumerate(guesses))[start : start + width]
        derived = _derived(table, part)
        wanted = {"rows": derived.count()}
        for index, guess in part:
            wanted |= {f"{index}:{k}": v for k, v in _figures(derived, index, guess).items()}
        frame = backend.compile(derived.aggregate(**wanted)).collect(engine="streaming")
        result |= frame.row(0, named=True)
    return result


def _derived(table: ir.Table, guesses: Sequence[tuple[int, Guess]]) -> ir.Table:
    """The table with each number column as float64, and its finite values: computed once for all figures."""
    numeric = [(i, g) for i, g in guesses if g.kind is Kind.NUMBER]
    if not numeric:
        return table
    numbers = {f"number:{i}": _number(table[g.name], g) for i, g in numeric}
    table = table.mutate(**numbers)
    odd = {i: table[f"number:{i}"].isnan() | table[f"number:{i}"].isinf() for i, _ in numeric}
    nothing = ibis.null("float64")
    return table.mutate(
        **{f"finite:{i}": ibis.ifelse(odd[i], nothing, table[f"number:{i}"]) for i, _ in numeric}
    )


def _number(column: Any, guess: Guess) -> Any:
    return column.strip().try_cast("float64") if guess.parse else column.cast("float64")


def _figures(table: ir.Table, index: int, guess: Guess) -> dict[str, Any]:
    column: Any = table[guess.name]
    figures: dict[str, Any] = {"nulls": column.isnull().sum()}
    if guess.kind is Kind.NUMBER:
        return figures | _moments(table[f"number:{index}"], table[f"finite:{index}"], guess)
    if guess.kind in (Kind.TEXT, Kind.BOOLEAN) or (guess.kind is Kind.TIME and guess.dtype == "string"):
        if not guess.continuous:
            figures["distinct"] = _distinct(column, guess)
        if guess.numbers:
            figures["numbers"] = column.strip().try_cast("float64").notnull().sum()
    return figures


def _distinct(column: Any, guess: Guess) -> Any:
    """Exact where few values are expected, so that memory stays bounded."""
    return column.nunique() if guess.few or guess.whole else column.approx_nunique()


def _moments(number: Any, finite: Any, guess: Guess) -> dict[str, Any]:
    figures = {
        "nans": number.isnan().sum(),
        "infinite": number.isinf().sum(),
        "minimum": finite.min(),
        "maximum": finite.max(),
        "mean": finite.mean(),
        "deviation": finite.std(how="pop"),
    }
    if guess.parse:
        figures["unread"] = number.isnull().sum()
    if not guess.continuous:
        figures["integral"] = (finite == finite.floor()).all()
        figures["distinct"] = _distinct(finite, guess)
    return figures


def _kind(guess: Guess, figures: Row, rows: int) -> Kind:
    if guess.kind in (Kind.NESTED, Kind.EMPTY):
        return guess.kind
    there = rows - int(figures["nulls"])
    if not there:
        return Kind.EMPTY
    if guess.kind is not Kind.TEXT:
        return guess.kind
    distinct = figures.get("distinct")
    if guess.continuous or distinct is None or guess.length > SHORT_TEXT:
        return Kind.TEXT
    repeats = distinct < 0.5 * there or distinct <= 20
    return Kind.CATEGORY if repeats and distinct <= TOP else Kind.TEXT


def _tops(backend: Any, table: ir.Table, few: Sequence[Guess]) -> dict[str, list[tuple[str, int]]]:
    """The values of each column with their counts; all columns are counted in one pass."""
    if not few:
        return {}
    queries = []
    for guess in few:
        column = table[guess.name]
        value = _number(column, guess) if guess.kind is Kind.NUMBER else column.cast("string")
        counts = table.select(value=value).filter(ibis._.value.notnull())
        queries.append(backend.compile(counts.group_by("value").aggregate(count=counts.count())))
    frames = pl.collect_all(queries, engine="streaming")
    return {g.name: _ordered(f) for g, f in zip(few, frames, strict=True)}


def _strange(backend: Any, table: ir.Table, mixed: Sequence[Guess]) -> dict[str, tuple[tuple[str, int], ...]]:
    """The most frequent texts in columns of numbers, in one more pass where there are any."""
    queries = []
    for guess in mixed:
        column = table[guess.name]
        text = column.notnull() & _number(column, guess).isnull()
        counts = table.filter(text).group_by(value=column).aggregate(count=ibis._.count())
        queries.append(backend.compile(counts).top_k(STRANGE, by="count"))
    frames = pl.collect_all(queries, engine="streaming") if queries else []
    return {g.name: tuple(_ordered(f)) for g, f in zip(mixed, frames, strict=True)}


def _ordered(frame: pl.DataFrame) -> list[tuple[str, int]]:
    pairs = [(spelled(value), int(count)) for value, count in frame.iter_rows() if value == value]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _column(guess: Guess, kind: Kind, figures: Row, rows: int, top: list[tuple[str, int]] | None) -> Column:
    nulls = int(figures["nulls"])
    numeric = guess.kind is Kind.NUMBER
    distinct = len(top) if top is not None else figures.get("distinct")
    if guess.continuous:
        distinct = rows - nulls
    others = int(figures["unread"]) - nulls if guess.parse else int(figures.get("numbers") or 0)
    return Column(
        name=guess.name,
        kind=kind,
        dtype=guess.dtype if not (guess.parse and figures.get("integral")) else "integer",
        rows=rows,
        nulls=nulls,
        nans=int(figures.get("nans") or 0),
        infinite=int(figures.get("infinite") or 0),
        distinct=None if distinct is None else min(int(distinct), rows),
        minimum=figures.get("minimum") if numeric else None,
        maximum=figures.get("maximum") if numeric else None,
        mean=figures.get("mean") if numeric else None,
        deviation=figures.get("deviation") if numeric else None,
        integral=numeric and bool(figures.get("integral")) and figures.get("minimum") is not None,
        top=tuple(top) if top is not None and len(top) <= TOP else (),
        others=others,
    )
