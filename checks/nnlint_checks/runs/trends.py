"""Whether figures rise, fall or stay, against their noise: robust, for a few dozen values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import median

SIGNIFICANT = 2.0
"""Standard deviations of Kendall's statistic at which a trend is taken for one (Mann 1945; one-sided 2 %)."""

TO_DEVIATION = 1.4826
"""The median of absolute deviations times this is the standard deviation of a normal distribution."""


def slope(values: Sequence[float]) -> float:
    """The median change from value to value over all pairs (Theil 1950, Sen 1968)."""
    if len(values) < 2:
        return 0.0
    return median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(values), 2))


def kendall(values: Sequence[float]) -> float:
    """Kendall's statistic in standard deviations: beyond ±SIGNIFICANT the order of the values is a trend."""
    n = len(values)
    if n < 3:
        return 0.0
    concordance = sum((b > a) - (b < a) for a, b in combinations(values, 2))
    return concordance / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)


def change(values: Sequence[float]) -> float:
    """By how much of their level the values change from first to last along their line: -0.2 is 20 % less."""
    rise = slope(values) * (len(values) - 1)
    start = median(values) - rise / 2
    return rise / start if start > 0 else 0.0


def falls(values: Sequence[float], share: float) -> bool:
    """Whether the values fall by at least ``share`` of their level, beyond their noise."""
    return change(values) <= -share and kendall(values) <= -SIGNIFICANT


def noise(values: Sequence[float]) -> float:
    """The standard deviation of values about their trend, from the differences of neighbours."""
    differences = [b - a for a, b in pairwise(values)]
    if not differences:
        return 0.0
    middle = median(differences)
    return TO_DEVIATION * median(abs(d - middle) for d in differences) / math.sqrt(2)


def smooth(values: Sequence[float], width: int) -> list[float]:
    """The median of the ``width`` values around each."""
    half = width // 2
    return [median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
