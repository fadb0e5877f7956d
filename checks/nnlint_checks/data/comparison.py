"""How a column's values differ between two splits: by how much, and how likely by chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split, Task
from nnlint.evidence.target import words
from nnlint_checks.data.chance import exact
from nnlint_checks.data.matrix import judged
from nnlint_checks.data.split_overlap import is_group

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_ROWS = 20

EFFECT = 0.1
"""Least Kolmogorov-Smirnov distance, or Cramér's V for categories, that counts as a difference."""

SIGNIFICANCE = 0.001
"""Chance of any false alarm among all columns of a split (Bonferroni)."""

ONE_VALUE = 3.0
"""A value that differs by itself (a category that is gone, a class grown rare) may be this many times
likelier by chance, among all values of all columns: 1 to 2 of 1 000 random divisions have one."""

RARE = 5
"""Expected count below which categories are put together (Cochran 1954)."""

SHOWN_VALUES = 4

CALENDAR = frozenset(
    {
        *("date", "timestamp", "datetime", "year", "quarter", "month", "week", "weekday", "day", "hour"),
        *("dayofweek", "dayofyear", "weekofyear", "epoch"),
    }
)
"""Last words of the names of columns that hold dates or parts of dates (``sale_month``)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How a column differs. ``effect``: KS distance or Cramér's V, 0 to 1. ``chance``: the p-value.
    ``one``: that of the value which differs most, times their number; None for quantities.
    """

    column: Column
    effect: float
    chance: float
    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]
    one: float | None = None

    def beyond(self, effect: float, significance: float) -> bool:
        """Whether the column, looked at by itself, differs by that much and beyond chance."""
        one = 1.0 if self.one is None else self.one / ONE_VALUE
        return self.effect >= effect and min(self.chance, one) < significance


def target_shift(data: Dataset, split: Split) -> Shift | None:
    """How the target differs; classes are counted over all rows, quantities compared by a sample.

    Only classes that both splits have are compared.
    """
    target = data.target
    column = data.train.column(target.column) if target else None
    twin = split.column(target.column) if target else None
    if target is None or column is None or twin is None or twin.kind is not column.kind:
        return None
    if target.task is Task.CLASSIFICATION:
        ours, theirs = dict(column.top), dict(twin.top)
        shared = [label for label in ours if label in theirs]
        rows = [sum(counts[label] for label in shared) for counts in (ours, theirs)]
        if len(shared) < 2 or min(rows) < FEWEST_ROWS:
            return None
        return counted(column, {label: (ours[label], theirs[label]) for label in shared})
    samples = [data.sample(s.role) for s in (data.train, split)]
    if any(s is None or target.column not in s for s in samples):
        return None
    return compared(column, samples[0][target.column], samples[1][target.column])  # type: ignore[index]


BINS = 5
"""Parts of equal size that a quantity is cut into where rows are matched by it."""


def _matched(data: Dataset, train: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As many rows of each class, or part of the target's range, in the same proportion on both sides."""
    import pandas as pd

    target = data.target.column if data.target else ""
    groups = pd.concat([train[target], other[target]])
    if groups.dtype.kind == "f":
        groups = pd.qcut(groups, BINS, duplicates="drop").cat.codes
    ours, theirs = groups.iloc[: len(train)], groups.iloc[len(train) :]
    a, b = ours.value_counts(), theirs.value_counts()
    shared = [g for g in a.index if g in b.index]
    part = min(len(train), len(other)) / max(len(train), len(other))
    kept: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
    for group in shared:
        rows = min(a[group], b[group] / part) if len(train) >= len(other) else min(a[group] / part, b[group])
        numbers = (rows, rows * part) if len(train) >= len(other) else (rows * part, rows)
        for side, frame, of, number in zip(kept, (train, other), (ours, theirs), numbers, strict=True):
            side.append(frame[(of == group).to_numpy()].sample(int(number), random_state=0))
    empty = train.iloc[:0], other.iloc[:0]
    return (pd.concat(kept[0]), pd.concat(kept[1])) if shared else empty


def pairs_of(data: Dataset) -> Iterator[tuple[Split, pd.DataFrame, pd.DataFrame]]:
    """Each other split with the training sample and its own, where both hold enough rows to compare.

    Where the target differs (DS403), features that go with it differ too: then both samples are cut down to
    the same shares of each class, so that only what differs besides is seen.
    """
    train = data.sample(data.train.role) if len(data.splits) > 1 else None
    for split in data.splits:
        other = None if split is data.train or train is None else data.sample(split.role)
        if train is None or other is None or min(len(train), len(other)) < FEWEST_ROWS:
            continue
        shift = target_shift(data, split)
        if shift is None or not shift.beyond(EFFECT, SIGNIFICANCE):
            yield split, train, other
            continue
        ours, theirs = _matched(data, train, other)
        if min(len(ours), len(theirs)) >= FEWEST_ROWS:
            yield split, ours, theirs


def shifts(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> list[Shift]:
    """The comparison of each feature column that does not run on by nature."""
    found = []
    for column in judged(data, data.train):
        twin = split.column(column.name)
        if twin is None or twin.kind is not column.kind or runs_on(column):
            continue
        shift = compared(column, train[column.name], other[column.name])
        found += [shift] if shift is not None else []
    return found


def significant(
    found: list[Shift], effect: float = EFFECT, significance: float = SIGNIFICANCE
) -> list[Shift]:
    """The shifts that are large enough and, among as many columns, beyond chance; the largest first."""
    valued = sum(s.one is not None for s in found)
    differ = [
        s
        for s in found
        if s.effect >= effect
        and (
            s.chance * len(found) < significance
            or (s.one is not None and s.one * valued < ONE_VALUE * significance)
        )
    ]
    return sorted(differ, key=lambda s: -s.effect)


def compared(column: Column, ours: pd.Series[Any], theirs: pd.Series[Any]) -> Shift | None:
    """How the values of one column differ, None when either side has too few of them."""
    ours, theirs = ours.dropna(), theirs.dropna()
    if min(len(ours), len(theirs)) < FEWEST_ROWS:
        return None
    number = column.kind is Kind.NUMBER and ours.dtype.kind == "f"
    return _numbers(column, ours, theirs) if number else _categories(column, ours, theirs)


def runs_on(column: Column) -> bool:
    """Times, row numbers and what rows are measured on: they differ between splits by nature.

    Parts of dates, whole numbers without a repeat, and names of patients, speakers...
    """
    unique = column.distinct is not None and column.distinct >= column.rows - column.missing
    calendar = column.name.lower() == "time" or bool(CALENDAR & set(words(column.name)[-1:]))
    return calendar or is_group(column) or (column.kind is Kind.NUMBER and column.integral and unique)


def _numbers(column: Column, ours: pd.Series[Any], theirs: pd.Series[Any]) -> Shift:
    import numpy as np

    a, b = ours.to_numpy(float), theirs.to_numpy(float)
    distance = kolmogorov_distance(a, b)
    rows = tuple((f"{f(a):,.4g}", f"{f(b):,.4g}") for f in (np.mean, np.std, np.median))
    named = tuple((n, *r) for n, r in zip(("mean", "deviation", "median"), rows, strict=True))
    return Shift(column, distance, kolmogorov(distance, len(a), len(b)), named, ("", "train", "here"))


def kolmogorov_distance(a: Array, b: Array) -> float:
    """Largest difference of the two empirical distribution functions."""
    import numpy as np

    a, b = np.sort(a), np.sort(b)
    values = np.concatenate([a, b])
    below = np.searchsorted(a, values, "right") / len(a) - np.searchsorted(b, values, "right") / len(b)
    return float(np.abs(below).max())


def kolmogorov(distance: float, n: int, m: int) -> float:
    """Chance of a distance as large, by Kolmogorov's limit with Stephens' correction for few rows."""
    size = math.sqrt(n * m / (n + m))
    x = (size + 0.12 + 0.11 / size) * distance
    if x < 0.3:
        return 1.0
    terms = ((1 if k % 2 else -1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 50))
    return min(1.0, max(0.0, 2 * sum(terms)))


def _categories(column: Column, ours: pd.Series[Any], theirs: pd.Series[Any]) -> Shift:
    a, b = ours.value_counts().to_dict(), theirs.value_counts().to_dict()
    return counted(column, {str(value): (a.get(value, 0), b.get(value, 0)) for value in {**a, **b}})


def counted(column: Column, counts: Mapping[str, tuple[int, int]]) -> Shift:
    """How the frequencies of values differ: value -> (rows in training, rows here)."""
    import numpy as np

    table = np.array([*counts.values()], dtype=float)
    whole = table.sum(axis=0)
    expected = table.sum(axis=1) * whole.min() / table.sum()
    frequent = table[expected >= RARE]
    rare = table[expected < RARE].sum(axis=0, keepdims=True)
    pooled = np.vstack([frequent, rare]) if rare.sum() else frequent
    fit = pooled.sum(axis=1, keepdims=True) * pooled.sum(axis=0) / pooled.sum()
    statistic = float(((pooled - fit) ** 2 / np.maximum(fit, 1e-12)).sum())
    freedom = len(pooled) - 1
    effect = math.sqrt(statistic / pooled.sum()) if freedom else 0.0
    shares = [(value, *(row / whole)) for value, row in zip(counts, table, strict=True)]
    shares.sort(key=lambda share: -abs(share[1] - share[2]))
    rows = tuple((value, f"{a:.1%}", f"{b:.1%}") for value, a, b in shares[:SHOWN_VALUES])
    one = len(table) * min(rarest(table, whole), 1.0)
    return Shift(column, effect, _chi_squared(statistic, freedom), rows, ("value", "train", "here"), one)


def rarest(table: Array, whole: Array) -> float:
    """Chance, in a random division, of the value that differs most; by its own rows and all others."""
    import numpy as np

    shares = table / whole
    pooled = table.sum(axis=1) / whole.sum()
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / whole).sum())
    most = int(np.argmax(np.abs(shares[:, 0] - shares[:, 1]) / spread))
    return exact(int(table[most, 0]), int(whole[0]), int(table[most, 1]), int(whole[1]))


def _chi_squared(statistic: float, freedom: int) -> float:
    """Chance of a statistic as large, by the cube root transformation (Wilson, Hilferty 1931)."""
    if not freedom:
        return 1.0
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2)) / 2
