"""Profiles of whole columns: aggregates in Ibis, pushed down to the engine that holds the rows.

Two passes whatever the number of rows: one for counts and moments of every column, one that counts the
values of the columns which have few. Both stream; memory does not grow with the rows. Columns by the
thousand are put below each other, so that one expression speaks of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from nnlint.evidence.data import TOP, Column, Kind, spelled
from nnlint.readers.data.engines import CELL, NAME, Rows
from nnlint.readers.data.kinds import Guess

Row = dict[str, Any]
Numbered = Sequence[tuple[int, Guess]]

SHORT_TEXT = 40
"""Mean length up to which text that repeats is taken for categories, in characters."""

STRANGE = 50
"""Texts kept of a column of numbers."""

SIDE_BY_SIDE = 200
"""Columns in one query, each with aggregates of its own; of more that are alike, cells are grouped."""

CELLS = 1_000_000
"""Cells that are grouped at once: twice as many take twice the memory, and no less time."""

FEWEST_BELOW = 50
"""Columns that are put below each other at least; of tall tables columns stay side by side."""

EXACT = 2.0**53
"""Floats beyond are whole."""


def columns(rows: Rows, guesses: Sequence[Guess]) -> tuple[int, tuple[Column, ...]]:
    """Number of rows, and the profile of each column."""
    numbered = list(enumerate(guesses))
    total, figures = _counted(rows, numbered)
    kinds = [_kind(g, f, total) for g, f in zip(guesses, figures, strict=True)]
    few = [(i, g) for i, g in numbered if _few(g, kinds[i], figures[i])]
    tops = _tops(rows, few, total)
    profiles = [_column(g, kinds[i], figures[i], total, tops.get(i)) for i, g in numbered]
    strange = _strange(rows, [(i, g) for i, g in numbered if g.parse and profiles[i].others])
    return total, tuple(replace(p, strange=strange.get(i, ())) for i, p in enumerate(profiles))


def _few(guess: Guess, kind: Kind, figures: Row) -> bool:
    """Whether the values of a column are worth counting one by one."""
    if not guess.few or kind not in (Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY):
        return False
    worth = guess.kind is not Kind.NUMBER or _integral(figures)
    return worth and figures.get("distinct", TOP + 1) <= 1.1 * TOP


def _counted(rows: Rows, guesses: Numbered) -> tuple[int, list[Row]]:
    """Number of rows, and the figures of each column."""
    (total,) = rows.run([rows.table(()).aggregate(rows=ibis._.count())]) if not guesses else (None,)
    found: dict[int, Row] = {}
    count = int(total.item()) if total is not None else 0
    apart = list[tuple[int, Guess]]()
    for alike in _alike(guesses).values():
        count = count or (_height(rows) if len(alike) > SIDE_BY_SIDE else 0)
        if not _below(rows, alike, count):
            apart += alike
            continue
        for part in _parts(alike, count):
            found |= _grouped(rows, part)
    for start in range(0, len(apart), SIDE_BY_SIDE):
        count, more = _beside(rows, apart[start : start + SIDE_BY_SIDE])
        found |= more
    return count or _height(rows), [found[i] for i, _ in guesses]


def _below(rows: Rows, alike: Numbered, height: int) -> bool:
    """Whether columns are many, and short enough, to be put below each other."""
    many = len(alike) > SIDE_BY_SIDE and rows.cells([alike[0][1].name]) is not None
    return many and height * FEWEST_BELOW <= CELLS


def _height(rows: Rows) -> int:
    (counted,) = rows.run([rows.table(()).aggregate(rows=ibis._.count())])
    return int(counted.item())


def _alike(guesses: Numbered) -> Mapping[object, Numbered]:
    """The columns by what is asked of them."""
    found: dict[object, list[tuple[int, Guess]]] = {}
    for i, g in guesses:
        stored = "text" if g.dtype == "string" or g.parse else g.dtype
        sort = (g.kind, stored, g.parse, g.few, g.continuous, g.whole, g.numbers)
        found.setdefault(sort, []).append((i, g))
    return found


def _parts(alike: Numbered, height: int) -> list[Numbered]:
    step = max(1, CELLS // max(height, 1))
    return [alike[start : start + step] for start in range(0, len(alike), step)]


def _beside(rows: Rows, guesses: Numbered) -> tuple[int, dict[int, Row]]:
    """Figures of columns side by side, and the number of rows."""
    table = _derived(rows, rows.table([g.name for _, g in guesses]), [g for _, g in guesses])
    wanted = {"rows": table.count()}
    for place, (_, guess) in enumerate(guesses):
        wanted |= {f"{place}:{k}": v for k, v in _figures(rows, table, f"c{place}", guess).items()}
    (frame,) = rows.run([table.aggregate(**wanted)])
    figures: dict[int, Row] = {i: {} for i, _ in guesses}
    counted = frame.row(0, named=True)
    for key, value in counted.items():
        number, is_figure, name = key.partition(":")
        if is_figure:
            figures[guesses[int(number)][0]][name] = value
    return int(counted["rows"]), figures


def _grouped(rows: Rows, guesses: Numbered) -> dict[int, Row]:
    """Figures of columns that are alike, below each other."""
    cells = rows.cells([g.name for _, g in guesses])
    assert cells is not None
    guess = guesses[0][1]
    table = _derived(rows, cells.select(NAME, c0=cells[CELL]), [guess])
    (frame,) = rows.run([table.group_by(NAME).aggregate(**_figures(rows, table, "c0", guess))])
    return {guesses[int(row.pop(NAME)[1:])][0]: row for row in frame.iter_rows(named=True)}


def _derived(rows: Rows, table: ir.Table, guesses: Sequence[Guess]) -> ir.Table:
    """The table with each number column as float64, and its finite values: computed once for all figures."""
    numeric = [(f"c{i}", g) for i, g in enumerate(guesses) if g.kind is Kind.NUMBER]
    if not numeric:
        return table
    table = table.mutate(**{f"number {c}": _number(table[c], g) for c, g in numeric})
    nothing = ibis.null("float64")
    if not rows.has(ops.IsNan):
        return table.mutate(**{f"finite {c}": table[f"number {c}"] for c, _ in numeric})
    odd = {c: table[f"number {c}"].isnan() | table[f"number {c}"].isinf() for c, _ in numeric}
    return table.mutate(
        **{f"finite {c}": ibis.ifelse(odd[c], nothing, table[f"number {c}"]) for c, _ in numeric}
    )


def _number(column: Any, guess: Guess) -> Any:
    return column.strip().try_cast("float64") if guess.parse else column.cast("float64")


def _figures(rows: Rows, table: ir.Table, name: str, guess: Guess) -> dict[str, Any]:
    column: Any = table[name]
    figures: dict[str, Any] = {"nulls": column.isnull().sum()}
    if guess.kind is Kind.NUMBER:
        return figures | _moments(rows, table[f"number {name}"], table[f"finite {name}"], guess)
    if guess.kind in (Kind.TEXT, Kind.BOOLEAN) or (guess.kind is Kind.TIME and guess.dtype == "string"):
        if not guess.continuous:
            figures["distinct"] = _distinct(rows, column, guess)
        if guess.numbers:
            figures["numbers"] = column.strip().try_cast("float64").notnull().sum()
    return figures


def _distinct(rows: Rows, column: Any, guess: Guess) -> Any:
    """Exact where few values are expected, so that memory stays bounded."""
    exact = guess.few or guess.whole or not rows.has(ops.ApproxCountDistinct)
    return column.nunique(where=column.notnull()) if exact else column.approx_nunique()


def _moments(rows: Rows, number: Any, finite: Any, guess: Guess) -> dict[str, Any]:
    figures = {
        "minimum": finite.min(),
        "maximum": finite.max(),
        "mean": finite.mean(),
        "deviation": finite.std(how="pop"),
    }
    if rows.has(ops.IsNan):
        figures |= {"nans": number.isnan().sum(), "infinite": number.isinf().sum()}
    if guess.parse:
        figures["unread"] = number.isnull().sum()
    if not guess.continuous:
        near = finite.clip(-EXACT, EXACT)
        figures["fractions"] = (near != near.floor()).sum()
        figures["distinct"] = _distinct(rows, finite, guess)
    return figures


def _integral(figures: Row) -> bool:
    return "fractions" in figures and not figures["fractions"] and figures.get("minimum") is not None


def _kind(guess: Guess, figures: Row, rows: int) -> Kind:
    if guess.kind in (Kind.NESTED, Kind.EMPTY):
        return guess.kind
    there = rows - int(figures["nulls"] or 0)
    if not there:
        return Kind.EMPTY
    if guess.kind is not Kind.TEXT:
        return guess.kind
    distinct = figures.get("distinct")
    if guess.continuous or distinct is None or guess.length > SHORT_TEXT:
        return Kind.TEXT
    repeats = distinct < 0.5 * there or distinct <= 20
    return Kind.CATEGORY if repeats and distinct <= TOP else Kind.TEXT


def _tops(rows: Rows, few: Numbered, height: int) -> dict[int, list[tuple[str, int]]]:
    """The values of each column with their counts; all columns are counted in one pass."""
    found: dict[int, list[tuple[str, int]]] = {}
    apart = list[tuple[int, Guess]]()
    for alike in _alike(few).values():
        if _below(rows, alike, height):
            for part in _parts(alike, height):
                found |= _tops_of_cells(rows, part)
        else:
            apart += alike
    queries = []
    for _, guess in apart:
        table = rows.table([guess.name])
        counts = table.select(value=_value(table["c0"], guess)).filter(ibis._.value.notnull())
        queries.append(counts.group_by("value").aggregate(count=counts.count()))
    return found | {i: _ordered(f.rows()) for (i, _), f in zip(apart, rows.run(queries), strict=True)}


def _tops_of_cells(rows: Rows, guesses: Numbered) -> dict[int, list[tuple[str, int]]]:
    cells = rows.cells([g.name for _, g in guesses])
    assert cells is not None
    table = cells.select(NAME, value=_value(cells[CELL], guesses[0][1])).filter(ibis._.value.notnull())
    (frame,) = rows.run([table.group_by(NAME, "value").aggregate(count=ibis._.count())])
    found: dict[int, list[tuple[object, int]]] = {i: [] for i, _ in guesses}
    for name, value, count in frame.select(NAME, "value", "count").iter_rows():
        found[guesses[int(name[1:])][0]].append((value, count))
    return {i: _ordered(pairs) for i, pairs in found.items()}


def _value(column: Any, guess: Guess) -> Any:
    return _number(column, guess) if guess.kind is Kind.NUMBER else column.cast("string")


def _strange(rows: Rows, mixed: Numbered) -> dict[int, tuple[tuple[str, int], ...]]:
    """The most frequent texts in columns of numbers, in one more pass where there are any."""
    queries = []
    for _, guess in mixed:
        table = rows.table([guess.name])
        text = table["c0"].notnull() & _number(table["c0"], guess).isnull()
        counts = table.filter(text).group_by(value=table["c0"]).aggregate(count=ibis._.count())
        queries.append(counts.order_by(ibis.desc("count")).limit(STRANGE))
    found = zip(mixed, rows.run(queries), strict=True)
    return {i: tuple(_ordered(f.select("value", "count").rows())) for (i, _), f in found}


def _ordered(counts: Iterable[tuple[object, int]]) -> list[tuple[str, int]]:
    pairs = [(spelled(value), int(count)) for value, count in counts if value == value]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _column(guess: Guess, kind: Kind, figures: Row, rows: int, top: list[tuple[str, int]] | None) -> Column:
    nulls = int(figures["nulls"] or 0)
    numeric = guess.kind is Kind.NUMBER
    distinct = len(top) if top is not None else figures.get("distinct")
    if guess.continuous:
        distinct = rows - nulls
    if numeric and max(abs(figures.get(k) or 0.0) for k in ("minimum", "maximum")) >= EXACT:
        distinct, top = None, None  # different whole numbers may be one float
    others = int(figures["unread"]) - nulls if guess.parse else int(figures.get("numbers") or 0)
    return Column(
        name=guess.name,
        kind=kind,
        dtype=guess.dtype if not (guess.parse and _integral(figures)) else "integer",
        rows=rows,
        nulls=nulls,
        nans=int(figures.get("nans") or 0),
        infinite=int(figures.get("infinite") or 0),
        distinct=None if distinct is None else min(int(distinct), rows),
        minimum=figures.get("minimum") if numeric else None,
        maximum=figures.get("maximum") if numeric else None,
        mean=figures.get("mean") if numeric else None,
        deviation=figures.get("deviation") if numeric else None,
        integral=numeric and _integral(figures),
        top=tuple(top) if top is not None and len(top) <= TOP else (),
        others=others,
    )
