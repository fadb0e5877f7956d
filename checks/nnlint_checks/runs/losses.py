"""The loss that a run minimises, on its training and held-out data, averaged against noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import fmean, stdev

from nnlint.dataclass import dataclass
from nnlint.evidence.runs import Curve, History, Point

MOST_POINTS = 100
"""Longer curves are averaged to half of this many; trends are compared pair by pair."""

FEWEST_EPOCHS = 6
"""With at least this many epochs, the figures of the steps of an epoch are averaged."""

FEWEST_IN_EPOCH = 4
ENOUGH_VALUES = 12
"""Fewer epochs than this are averaged in halves where they tell enough: trends need values to be seen in."""

WHOLE = ("loss", "total_loss", "loss_total", "totalloss", "overall_loss")
"""What programs call the loss that is differentiated, where they log its parts, too."""


@dataclass(frozen=True)
class Trace:
    """A curve of finite figures, averaged. ``points``: at each value, the last of the figures it is of.

    ``errors``: of each value, its standard error; 0 where it is a single figure.
    """

    curve: Curve
    points: tuple[Point, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def when(self) -> str:
        """``epochs`` or ``steps``, what its points are counted by."""
        return "epochs" if self.points[-1].when.startswith("epoch") else "steps"

    def part(self, first: float, last: float = 1.0) -> tuple[float, ...]:
        """The values between two shares of the run."""
        n = len(self.values)
        return self.values[round(first * n) : max(round(last * n), round(first * n) + 1)]


@dataclass(frozen=True)
class Losses:
    """The loss in training and, where it was logged, on held-out data."""

    train: Trace | None
    held: Trace | None


def losses(history: History) -> Losses | None:
    """The losses of a run that minimises one; None for games and rewards, whose losses need not fall."""
    if history.kind != "supervised":
        return None
    curves = history.of("loss") or history.of("error")
    train = _main([c for c in curves if c.split == "train"])
    held = _main([c for c in curves if c.split == "validation"])
    held = held or _main([c for c in curves if c.split == "test"])
    if train is None and held is None:
        return None
    if train is not None and held is not None and train.stem != held.stem:
        return None
    return Losses(traced(train) if train else None, traced(held) if held else None)


def _main(curves: Sequence[Curve]) -> Curve | None:
    """The loss as a whole: by its name, the only one, or the sum of its parts."""
    by_stem: dict[str, list[Curve]] = {}
    for curve in curves:
        by_stem.setdefault(curve.stem, []).append(curve)
    stem = next((s for s in WHOLE if s in by_stem), "")
    if not stem and len(by_stem) == 1:
        stem = next(iter(by_stem))
    if stem:
        return max(by_stem[stem], key=_fitness)
    parts = [max(curves, key=_fitness) for curves in by_stem.values()]
    return _sum(parts) if parts and len({len(p.points) for p in parts}) == 1 else None


def _fitness(curve: Curve) -> tuple[bool, int]:
    """Of the same figure, the mean over epochs comes before that of steps, the longer before the shorter."""
    return ("epoch" in curve.name.lower() and len(curve.points) >= FEWEST_EPOCHS, len(curve.points))


def _sum(parts: Sequence[Curve]) -> Curve:
    together = zip(*(p.points for p in parts), strict=True)
    points = tuple(replace(figures[0], value=sum(f.value for f in figures)) for figures in together)
    stem = "+".join(sorted(p.stem for p in parts))
    return Curve(" + ".join(p.name for p in parts), "loss", parts[0].split, stem, points)


def traced(curve: Curve) -> Trace | None:
    """The finite figures of a curve, by epochs where it tells several for each; None without any."""
    points = [p for p in curve.points if p.finite]
    if not points:
        return None
    groups = list(_by_epoch(points))
    if len(groups) > MOST_POINTS:
        groups = [[p for group in chunk for p in group] for chunk in _chunks(groups)]
    means = tuple(fmean(p.value for p in group) for group in groups)
    return Trace(curve, tuple(group[-1] for group in groups), means, tuple(map(_error, groups)))


def _error(group: Sequence[Point]) -> float:
    return stdev(p.value for p in group) / math.sqrt(len(group)) if len(group) > 1 else 0.0


def _by_epoch(points: Sequence[Point]) -> Iterator[list[Point]]:
    whole = all(p.epoch is not None and p.epoch.is_integer() for p in points)

    def epoch(point: Point) -> float:
        """The epoch it was logged in; at a fraction, 1.0 is the end of the first."""
        at = point.epoch or 0.0
        return at if whole else math.ceil(at)

    known = all(p.epoch is not None for p in points)
    if known and FEWEST_EPOCHS <= len({epoch(p) for p in points}) < len(points):
        yield from _halved([list(group) for _, group in groupby(points, epoch)])
    else:
        yield from ([point] for point in points)


def _halved(epochs: Sequence[list[Point]]) -> Iterator[list[Point]]:
    if len(epochs) >= ENOUGH_VALUES or min(map(len, epochs)) < FEWEST_IN_EPOCH:
        yield from epochs
        return
    for group in epochs:
        middle = len(group) // 2
        yield from (group[:middle], group[middle:])


def _chunks(groups: Sequence[list[Point]]) -> Iterator[Sequence[list[Point]]]:
    count = MOST_POINTS // 2
    for i in range(count):
        yield groups[i * len(groups) // count : (i + 1) * len(groups) // count]


def at_time(trace: Trace, point: Point) -> int:
    """The number of the trace's value nearest to a point of another curve of the same run."""
    for ours, theirs in (
        (point.step, [p.step for p in trace.points]),
        (point.epoch, [p.epoch for p in trace.points]),
    ):
        known = [t for t in theirs if t is not None]
        if ours is not None and len(known) == len(theirs):
            return min(range(len(known)), key=lambda i: abs(known[i] - ours))
    return len(trace.points) - 1
