"""How missing values are written in text tables: by nothing, or by a word that readers take as missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from nnlint.evidence.data import Column
from nnlint.readers.data.engines import named
from nnlint.readers.data.kinds import HEAD_ROWS
from nnlint.readers.data.tables import Table

NULLS = [
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "null", "NULL", "Null"),
    *("None", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
]
"""Spellings of a missing value: those pandas knows (``pandas.read_csv``, ``na_values``)."""

MANY = 0.05
"""Missing part of a column from which it matters how that is written."""


def with_blanks(columns: Sequence[Column], tables: Sequence[Table]) -> tuple[Column, ...]:
    """The columns, each with the word that most of its missing values are written with."""
    gaps = [c.name for c in columns if c.missing > MANY * c.rows]
    words: dict[str, str] = {}
    for table in tables if gaps else ():
        head = table.raw().head(HEAD_ROWS) if table.raw is not None else None
        known = [] if head is None else [n for n in gaps if n in table.names and n not in words]
        if head is not None and known:
            rows = head.select(named(n) for n in known).collect(engine="streaming")
            words |= {n: word for n in known if (word := _word(rows[n]))}
    return tuple(replace(c, blank=words[c.name]) if c.name in words else c for c in columns)


def _word(cells: pl.Series) -> str:
    """The most frequent spelling of most missing cells, "" when they are empty."""
    missing = cells.rename("values").fill_null("")
    counts = missing.filter(missing.is_in(NULLS)).value_counts(sort=True)
    word, times = counts.row(0) if counts.height else ("", 0)
    return str(word) if 2 * times > counts["count"].sum() else ""
