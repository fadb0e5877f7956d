"""DS401: a column is distributed otherwise in another split."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import words
from nnlint.finding import Finding, Table
from nnlint_checks.data.matrix import judged

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_ROWS = 20
SHOWN = 8
"""Findings of one split at most; the last says how many more columns there are."""

RARE = 5
"""Expected count below which categories are put together (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How a column differs. ``effect``: KS distance or Cramér's V, 0 to 1. ``chance``: the p-value."""

    column: Column
    effect: float
    chance: float
    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]


CALENDAR = frozenset(
    {
        *("date", "timestamp", "datetime", "year", "quarter", "month", "week", "weekday", "day", "hour"),
        *("dayofweek", "dayofyear", "weekofyear", "epoch"),
    }
)
"""Last words of the names of columns that hold dates or parts of dates (``sale_month``)."""


@check("DS401", level=WARNING)
def distribution_shift(
    data: Dataset, *, effect: float = 0.1, significance: float = 0.001
) -> Iterator[Finding]:
    """A column's values differ between the splits by more than chance.

    Why: what is measured on a test set that differs from the training set says nothing about either; what
    looks like overfitting may be a split by time, place or sort order.
    Source: Rabanser, Günnemann, Lipton, "Failing Loudly", NeurIPS 2019: tests of single columns with
    Bonferroni's correction find shifts best. With the default options 300 random divisions of six
    data sets gave no alarm; tests at 0.05 alone alarm at 41 % of them.
    Options: effect: least Kolmogorov-Smirnov distance, or Cramér's V for categories. significance: of
    all columns together.

    Fires:
        One feature is one deviation larger in the test rows.
        ```python generate
        # expect test.csv  warning: [DS401]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        train, test = frame[:110], frame[110:].copy()
        test["ash"] += 1.5 * frame["ash"].std()
        train.to_csv("train.csv", index=False)
        test.to_csv("test.csv", index=False)
        ```
    Silent:
        Divided by time: the month runs on.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"sale_month": np.repeat(np.arange(1, 13), 60), "a": rng.normal(size=720)})
        frame["b"], frame["price"] = rng.normal(size=720), rng.normal(100, 5, 720)
        frame[:540].to_csv("train.csv", index=False)
        frame[540:].to_csv("test.csv", index=False)
        ```
        A random division.
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:110].to_csv("train.csv", index=False)
        frame[110:].to_csv("test.csv", index=False)
        ```
        A division by time: only the date and the running number differ.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
        frame["date"] = pd.date_range("2024-01-01", periods=300).strftime("%Y-%m-%d")
        frame["id"] = range(1000, 1300)
        frame["label"] = rng.integers(0, 2, 300)
        frame[:200].to_csv("train.csv", index=False)
        frame[200:].to_csv("test.csv", index=False)
        ```
    """
    if data.rank > 2 or data.format == "images" or len(data.splits) < 2:
        return
    train = data.sample(data.train.role)
    for split in data.splits:
        other = None if split is data.train else data.sample(split.role)
        if train is None or other is None or min(len(train), len(other)) < FEWEST_ROWS:
            continue
        shifts = list(_shifts(data, split, train, other))
        limit = significance / max(len(shifts), 1)
        found = [s for s in shifts if s.effect >= effect and s.chance < limit]
        yield from _findings(data, split, sorted(found, key=lambda s: -s.effect))


def _shifts(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> Iterator[Shift]:
    for column in judged(data, data.train):
        twin = split.column(column.name)
        if twin is None or twin.kind is not column.kind or _runs_on(column):
            continue
        ours, theirs = train[column.name].dropna(), other[column.name].dropna()
        if min(len(ours), len(theirs)) >= FEWEST_ROWS:
            compare = _numbers if column.kind is Kind.NUMBER else _categories
            yield compare(column, ours, theirs)


def _runs_on(column: Column) -> bool:
    """Parts of dates, and whole numbers without a repeat: times and row numbers run on."""
    unique = column.distinct is not None and column.distinct >= column.rows - column.missing
    calendar = column.name.lower() == "time" or bool(CALENDAR & set(words(column.name)[-1:]))
    return calendar or (column.kind is Kind.NUMBER and column.integral and unique)


def _numbers(column: Column, ours: pd.Series[Any], theirs: pd.Series[Any]) -> Shift:
    import numpy as np

    a, b = np.sort(ours.to_numpy(float)), np.sort(theirs.to_numpy(float))
    values = np.concatenate([a, b])
    below = np.searchsorted(a, values, "right") / len(a) - np.searchsorted(b, values, "right") / len(b)
    distance = float(np.abs(below).max())
    rows = tuple((f"{f(a):,.4g}", f"{f(b):,.4g}") for f in (np.mean, np.std, np.median))
    named = tuple((n, *r) for n, r in zip(("mean", "deviation", "median"), rows, strict=True))
    return Shift(column, distance, _kolmogorov(distance, len(a), len(b)), named, ("", "train", "here"))


def _kolmogorov(distance: float, n: int, m: int) -> float:
    """Chance of a distance as large, by Kolmogorov's limit with Stephens' correction for few rows."""
    size = math.sqrt(n * m / (n + m))
    x = (size + 0.12 + 0.11 / size) * distance
    if x < 0.3:
        return 1.0
    terms = ((1 if k % 2 else -1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 50))
    return min(1.0, max(0.0, 2 * sum(terms)))


def _categories(column: Column, ours: pd.Series[Any], theirs: pd.Series[Any]) -> Shift:
    import numpy as np
    import pandas as pd

    counts = pd.DataFrame({"a": ours.value_counts(), "b": theirs.value_counts()}).fillna(0.0)
    table = counts.to_numpy(float)
    expected = table.sum(axis=1) * min(len(ours), len(theirs)) / table.sum()
    frequent = table[expected >= RARE]
    rare = table[expected < RARE].sum(axis=0, keepdims=True)
    table = np.vstack([frequent, rare]) if rare.sum() else frequent
    fit = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - fit) ** 2 / np.maximum(fit, 1e-12)).sum())
    freedom = len(table) - 1
    effect = math.sqrt(statistic / table.sum()) if freedom else 0.0
    shown = counts.assign(d=(counts["a"] / len(ours) - counts["b"] / len(theirs)).abs()).nlargest(4, "d")
    rows = tuple((str(i), f"{r.a / len(ours):.1%}", f"{r.b / len(theirs):.1%}") for i, r in shown.iterrows())
    return Shift(column, effect, _chi_squared(statistic, freedom), rows, ("value", "train", "here"))


def _chi_squared(statistic: float, freedom: int) -> float:
    """Chance of a statistic as large, by the cube root transformation (Wilson, Hilferty 1931)."""
    if not freedom:
        return 1.0
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2)) / 2


def _findings(data: Dataset, split: Split, shifts: list[Shift]) -> Iterator[Finding]:
    more = len(shifts) - SHOWN
    for number, shift in enumerate(shifts[:SHOWN], start=1):
        kind = "KS distance" if shift.column.kind is Kind.NUMBER else "Cramér's V"
        rest = f"; so are {more} more columns" if more > 0 and number == SHOWN else ""
        yield Finding(
            Place(split.paths[0], part=f"column '{shift.column.name}'"),
            f"'{shift.column.name[:30]}' differs from {data.train.role}: {kind} {shift.effect:.2f}{rest}",
            "divide the rows at random, or by what will differ in use, and say so",
            table=Table(shift.header, shift.rows),
            subject=(data.place.path, shift.column.name),
        )
