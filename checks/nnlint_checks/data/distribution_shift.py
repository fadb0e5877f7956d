"""DS401: a column is distributed otherwise in another split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import EFFECT, SIGNIFICANCE, Shift, pairs_of, shifts, significant
from nnlint_checks.data.matrix import judged
from nnlint_checks.data.rescaling import exchanged, scaled

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 8
"""Findings of one split at most; the last says how many more columns there are."""


@check("DS401", level=WARNING)
def distribution_shift(
    data: Dataset, *, effect: float = EFFECT, significance: float = SIGNIFICANCE
) -> Iterator[Finding]:
    """A column's values differ between the splits by more than chance.

    Why: what is measured on a test set that differs from the training set says nothing about either; what
    looks like overfitting may be a split by time, place or sort order.
    Source: Rabanser, Günnemann, Lipton, "Failing Loudly", NeurIPS 2019: tests of single columns with
    Bonferroni's correction find shifts best. With the default options 300 random divisions of six
    data sets gave no alarm; tests at 0.05 alone alarm at 41 % of them.
    Options: effect: least Kolmogorov-Smirnov distance, or Cramér's V for categories. significance: of
    all columns together; ten times that for categories by themselves, as one that is gone.

    Fires:
        One feature is one deviation larger in the test rows.
        ```python generate
        # expect test.csv  warning: [DS401]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        train, test = frame[:135], frame[135:].copy()
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
        frame[:135].to_csv("train.csv", index=False)
        frame[135:].to_csv("test.csv", index=False)
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
    if data.rank > 2 or data.format == "images":
        return
    for split, train, other in pairs_of(data):
        told = _told(data, split, train, other)
        found = significant(shifts(data, split, train, other), effect, significance)
        yield from _findings(data, split, [s for s in found if s.column.name not in told])


def _told(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> set[str]:
    """Columns that DS406 and DS404 speak about: all numbers, when most are scaled."""
    changed = scaled(data, split, train, other)
    numbers = [c.name for c in judged(data, data.train) if c.kind is Kind.NUMBER]
    whole = numbers if changed and len(changed) >= 0.5 * len(numbers) else []
    return {*changed, *whole, *exchanged(data, split, train, other)}


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
