"""A bounded, seeded sample of rows, with every class of the target in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from nnlint.evidence.data import LARGEST, Column, Kind, Split, sampled_rows
from nnlint.readers.data.engines import ROW, named

if TYPE_CHECKING:
    import pandas as pd

SEED = 0
RARE_ROWS = 200
"""Rows that a class keeps at least, if it has them: what cross-validation needs to learn it."""

RANGE = float(2**64)


def sampled(frame: pl.LazyFrame, split: Split, target: str | None) -> pl.DataFrame:
    """At most ``sampled_rows`` rows (all, if there are no more), with their numbers in the column ROW."""
    numbered = frame.with_row_index(ROW)
    most = sampled_rows(len(split.columns))
    if split.rows <= most:
        return numbered.collect(engine="streaming")
    share = 0.95 * most / split.rows
    drawn = pl.col(ROW).hash(SEED).cast(pl.Float64) / RANGE
    profile = split.column(target) if target else None
    limit: pl.Expr = pl.lit(share)
    if profile is not None and profile.top and len(profile.top) * RARE_ROWS <= most:
        for label, share_of in rare(profile, share):
            limit = pl.when(_is(profile, label)).then(share_of).otherwise(limit)
    rows = numbered.filter(drawn < limit).collect(engine="streaming")
    return rows.sort(pl.col(ROW).hash(SEED)).head(most).sort(ROW)


def alike(frame: pl.LazyFrame, split: Split, features: Sequence[str], share: float) -> pl.DataFrame:
    """The rows whose features' values fall in a share of all hashes, with their numbers in the column ROW."""
    kinds = {c.name: c.kind for c in split.columns}
    values = [
        _plain(name, kinds[name]) for name in features if kinds.get(name, Kind.NESTED) is not Kind.NESTED
    ]
    most = 2 * sampled_rows(len(split.columns))
    drawn = pl.struct(values).hash(SEED).cast(pl.Float64) / RANGE
    return frame.with_row_index(ROW).filter(drawn < share).collect(engine="streaming").head(most)


def _plain(name: str, kind: Kind) -> pl.Expr:
    """A column in the one type of its kind, so that equal values have equal hashes."""
    return named(name).cast(pl.Float64 if kind is Kind.NUMBER else pl.String, strict=False)


def rare(profile: Column, share: float) -> list[tuple[str, float]]:
    """Labels of which a share of the rows is too few, each with the share to be drawn."""
    return [(label, RARE_ROWS / n) for label, n in profile.top if n * share < RARE_ROWS]


def _is(profile: Column, label: str) -> pl.Expr:
    column = named(profile.name)
    if profile.kind is Kind.NUMBER:
        return column.cast(pl.Float64, strict=False) == float(label)
    return column.cast(pl.String) == label


def as_pandas(frame: pl.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The sample in pandas, each column as its kind says, row numbers as the index."""
    import pandas as pd

    data = {
        c.name: _values(frame.get_column(c.name).rename("values"), c.kind)
        for c in columns
        if c.kind is not Kind.NESTED
    }
    return pd.DataFrame(data, index=pd.Index(frame[ROW].to_numpy().astype("int64"), name="row"))


def _values(series: pl.Series, kind: Kind) -> object:
    if kind is Kind.NUMBER:
        if series.dtype == pl.String:
            series = series.str.strip_chars()
        numbers = series.cast(pl.Float64, strict=False)
        bounded = pl.when(numbers.is_infinite()).then(numbers).otherwise(numbers.clip(-LARGEST, LARGEST))
        return pl.select(bounded).to_series().to_numpy()
    if kind is Kind.TIME and series.dtype.is_temporal():
        return series.to_numpy()
    import pandas as pd

    return pd.Series(series.cast(pl.String, strict=False).to_list(), dtype=object).to_numpy()
