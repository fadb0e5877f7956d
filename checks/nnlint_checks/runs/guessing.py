"""What a network that ignores its input gives: the losses that tell that nothing was learned."""

from __future__ import annotations

import math
from statistics import median

from nnlint.evidence.data import Dataset, Task
from nnlint.evidence.runs import History
from nnlint_checks.runs.losses import Trace
from nnlint_checks.runs.trends import change, kendall

FEWEST_POINTS = 5
FLAT = 0.03
"""Share by which a loss may change over the last three quarters and still count as flat."""


def flat(trace: Trace) -> bool:
    """Whether the loss does not fall in the last three quarters of the run."""
    if len(trace.values) < FEWEST_POINTS:
        return False
    rest = trace.part(0.25)
    return change(rest) > -FLAT and (kendall(rest) > -3 or change(rest) > -FLAT / 3)


def level(trace: Trace) -> float:
    """Where it is: the median of the second half."""
    return median(trace.part(0.5))


def scores(history: History) -> list[float] | None:
    """The shares of right answers from the second quarter of the run on; held-out ones before training's.

    None where none were logged. Percents count as shares.
    """
    curves = [c for c in history.of("score") if {"acc", "accuracy"} & set(c.stem.split("_"))]
    curves = [c for c in curves if len(c.points) >= FEWEST_POINTS]
    if not curves:
        return None
    curve = min(curves, key=lambda c: (c.split == "train", -len(c.points)))
    values = [p.value for p in curve.points if p.finite]
    scale = 100.0 if max(values, default=0.0) > 1.0 else 1.0
    return [v / scale for v in values[len(values) // 4 :]] or None


def entropy(data: Dataset) -> tuple[int, float] | None:
    """The number of classes, and the cross-entropy of always answering with their frequencies."""
    target = data.target
    column = data.train.column(target.column) if target is not None else None
    if target is None or column is None or target.task is not Task.CLASSIFICATION or len(column.top) < 2:
        return None
    total = sum(count for _, count in column.top)
    shares = [count / total for _, count in column.top]
    return len(shares), -sum(p * math.log(p) for p in shares if p)


def variance(data: Dataset) -> float | None:
    """The mean squared error of always answering with the mean of the targets."""
    target = data.target
    column = data.train.column(target.column) if target is not None else None
    if target is None or column is None or target.task is not Task.REGRESSION:
        return None
    return column.deviation**2 if column.deviation else None
