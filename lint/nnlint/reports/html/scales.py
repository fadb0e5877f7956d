"""The scales of a table's columns beside each other: what goes into a network should be of one order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.reports.html.charts import Tick, figure
from nnlint.reports.style import visible
from nnlint.reports.table import cut

MOST = 40
"""Columns in the chart."""

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 160, 14, 6, 18
NAME = 24
"""Characters of a column's name."""


@dataclass(frozen=True, slots=True)
class Range:
    """A column: from minimum to maximum, and a deviation around the mean. Coordinates."""

    name: str
    text: str
    y: float
    low: float
    high: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Scales:
    """Ranges over an axis that is logarithmic on both sides of zero."""

    ranges: tuple[Range, ...]
    ticks: tuple[Tick, ...]
    height: float
    left_out: int


def scales(data: Dataset) -> Scales | None:
    """The numeric features of the split to train on, None where there are fewer than two."""
    features = set(data.features)
    numbers = [c for c in data.train.columns if c.name in features and _known(c)]
    if data.rank > 2 or len(numbers) < 2:
        return None
    shown = numbers[:MOST]
    low = min(_flat(c.minimum or 0.0) for c in shown)
    high = max(_flat(c.maximum or 0.0) for c in shown)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return round(LEFT + (_flat(value) - low) / span * (WIDTH - LEFT - RIGHT), 1)

    ranges = tuple(_range(c, TOP + (n + 0.5) * ROW, at) for n, c in enumerate(shown))
    ticks = tuple(Tick(at(v), figure(v)) for v in _ticks(low, high))
    return Scales(ranges, ticks, TOP + len(shown) * ROW, len(numbers) - len(shown))


def _known(column: Column) -> bool:
    figures = (column.minimum, column.maximum, column.mean, column.deviation)
    return column.kind is Kind.NUMBER and all(f is not None and math.isfinite(f) for f in figures)


def _range(column: Column, y: float, at: Callable[[float], float]) -> Range:
    low, high = column.minimum or 0.0, column.maximum or 0.0
    mean, deviation = column.mean or 0.0, column.deviation or 0.0
    text = (
        f"{visible(column.name)}: {figure(low)} to {figure(high)}, mean {figure(mean)} ± {figure(deviation)}"
    )
    begin, end = max(low, mean - deviation), min(high, mean + deviation)
    return Range(cut(visible(column.name), NAME), text, y, at(low), at(high), at(begin), at(end))


def _flat(value: float) -> float:
    return math.copysign(math.log10(1 + abs(value)), value)


def _ticks(low: float, high: float) -> Iterator[float]:
    """Powers of ten on both sides of zero, few enough to be read."""
    powers = range(math.ceil(max(-low, high, 1.0)) + 1)
    step = 1 if len(powers) <= 5 else -(-len(powers) // 4)
    chosen = [10.0**p for p in powers if p % step == 0]
    for value in (*(-v for v in reversed(chosen)), 0.0, *chosen):
        if low <= _flat(value) <= high:
            yield value
