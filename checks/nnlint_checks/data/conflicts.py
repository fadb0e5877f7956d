"""Rows that are equal in all features and differ in their label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.evidence.data import Dataset, Kind
from nnlint_checks.data.chance import beyond_chance, collision_bits, filled, keys
from nnlint_checks.data.matrix import names

if TYPE_CHECKING:
    import pandas as pd


REPEATING = 0.25
"""Where more than this part of the rows has an equal one, the columns repeat by nature (units, catalogues),
and their labels differ by chance."""


READ = (Kind.TEXT, Kind.TIME)
"""Kinds that are no numbers for a model, and tell rows apart all the same."""


def _compared(data: Dataset, frame: pd.DataFrame) -> list[str]:
    kinds = {c.name: c.kind for c in data.train.columns}
    read = [n for n in data.features if n in frame and kinds.get(n) in READ] if data.rank == 2 else []
    return [*names(data, frame), *read]


def conflicts(data: Dataset, frame: pd.DataFrame, target: str) -> list[pd.DataFrame]:
    """Groups of such rows, when there are more than a table of these columns has by chance; else none.

    Rows without any value are not compared.
    """
    columns = _compared(data, frame)
    there = frame[filled(frame[columns]) & frame[target].notna()] if columns else frame.head(0)
    if not columns or len(there) < 2:
        return []
    grouped = there.assign(**{"\0key": keys(there[columns])})
    twice = grouped[grouped.duplicated("\0key", keep=False)]
    groups = [g for _, g in twice.groupby("\0key", sort=False) if g[target].nunique() > 1]
    if not groups or len(twice) > REPEATING * len(there):
        return []
    expected = len(there) ** 2 / 2 * 2 ** -collision_bits(there[columns])
    return groups if beyond_chance(len(groups), expected) else []
