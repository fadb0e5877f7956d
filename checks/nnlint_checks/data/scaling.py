"""How far the features of a data set are from what a network expects: mean near 0, deviation near 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.finding import Table

RATIO = 100.0
"""Largest to smallest deviation of a feature: beyond, the largest decides the first layer's sums alone, and
the loss is as much steeper along its weights (LeCun et al., "Efficient BackProp", 1998, section 4.3)."""

FAR = 100.0
"""Root mean square of a feature beyond which its column alone saturates units at usual initial weights."""

FAR_ALL = 10.0
"""The same for the middle feature: bytes of images are there (130), measurements in usual units are not."""

NEAR_ZERO = 0.01
"""Largest deviation below which all features vanish beside the biases."""

STANDARDISE = "standardise the features with mean and deviation of the training rows"


@dataclass(frozen=True, slots=True)
class Scales:
    """The features of the extreme scales, and why they are unscaled."""

    reason: str
    smallest: Column
    largest: Column

    @property
    def table(self) -> Table:
        """Figures of the two features."""
        rows = dict.fromkeys((_figures(self.smallest), _figures(self.largest)))
        return Table(("feature", "mean", "deviation", "minimum", "maximum"), tuple(rows))


def unscaled(data: Dataset) -> Scales | None:
    """The extreme features when scales differ beyond RATIO or lie far from mean 0 and deviation 1.

    Features that take two values (flags, one-hot columns), constants and text are not looked at. None also
    when there is nothing to judge.
    """
    columns = [c for c in _numbers(data) if c.deviation and c.mean is not None]
    if not columns:
        return None
    smallest, largest = min(columns, key=_deviation), max(columns, key=_deviation)
    farthest = max(columns, key=_size)
    if _deviation(largest) > RATIO * _deviation(smallest):
        ratio = _deviation(largest) / _deviation(smallest)
        return Scales(f"feature scales differ {ratio:,.0f} times", smallest, largest)
    if _size(farthest) > FAR:
        return Scales(f"feature '{farthest.name[:30]}' has mean {farthest.mean:,.4g}", smallest, farthest)
    if median(_size(c) for c in columns) > FAR_ALL:
        return Scales(f"features are as large as {_size(farthest):,.4g}", smallest, farthest)
    if _deviation(largest) < NEAR_ZERO:
        return Scales(f"features vary by no more than {_deviation(largest):.2g}", smallest, largest)
    return None


def _numbers(data: Dataset) -> list[Column]:
    if data.rank > 2:
        return [c for c in data.train.columns if c.name == "values" and c.kind is Kind.NUMBER]
    wanted = set(data.features)
    numbers = [c for c in data.train.columns if c.name in wanted and c.kind is Kind.NUMBER]
    return [c for c in numbers if c.distinct is None or c.distinct > 2]


def _deviation(column: Column) -> float:
    return column.deviation or 0.0


def _size(column: Column) -> float:
    return math.hypot(column.mean or 0.0, _deviation(column))


FEWEST_PIXELS = 36
"""Columns of the smallest images met as tables: 6 x 6."""


def pixels(data: Dataset) -> bool:
    """Whether a table's columns are pixels of small images: many, none below 0, a common maximum."""
    wanted = set(data.features)
    columns: Sequence[Column] = [c for c in data.train.columns if c.name in wanted]
    if len(columns) < FEWEST_PIXELS or any(c.kind is not Kind.NUMBER for c in columns):
        return False
    tops = [c.maximum for c in columns if c.maximum is not None]
    if not tops or any(c.minimum is None or c.minimum < 0 for c in columns):
        return False
    return sum(t == max(tops) for t in tops) >= 0.3 * len(tops)


def _figures(column: Column) -> tuple[str, ...]:
    figures = (column.mean, column.deviation, column.minimum, column.maximum)
    return (column.name, *(f"{f:,.4g}" for f in figures if f is not None))
