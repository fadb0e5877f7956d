"""RN104: a training loss that jumps up and down and gets nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean, median

from nnlint.check import WARNING, check
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Trace, losses

SWING = 0.15
"""The usual change from epoch to epoch, as a share of the level: means of epochs move by a few percent."""

TURNS = 0.4
"""Share of the neighbouring changes that go in opposite directions; by chance alone it is two thirds."""

PROGRESS = 0.8
"""Where the mean of the second half lies below this share of the first's, the run gets somewhere."""

CLEAR = 3.0
"""Standard errors of the means that the change must exceed; what is less may be the noise of batches."""

FEWEST_POINTS = 8
STEADY = 0.5
"""A learning rate that varies more than from this share of its highest value to it is moved on purpose."""


@check("RN104", level=WARNING, over=("RN106",))
def oscillating(history: History, *, swing: float = SWING) -> Iterator[Finding]:
    """The training loss jumps up and down from epoch to epoch without progress.

    Why: the step is larger than the valley is wide, so each update lands on the other side, as high as
    before. An adaptive or smaller step goes down where this one leaps across.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 5 (the largest learning rate).

    Options: swing: the usual change from epoch to epoch as a share of the level (0.15).

    Fires:
        Means over whole epochs between 1.2 and 3.4.
        ```csv metrics.csv  # warning: [RN104]
        epoch,loss,val_loss
        1,2.31,2.90
        2,1.45,1.80
        3,3.12,3.20
        4,1.62,1.55
        5,2.71,2.95
        6,1.24,1.61
        7,3.35,3.11
        8,1.71,1.92
        9,2.62,2.41
        10,1.50,1.83
        ```
    Silent:
        Batches of two differ, and the loss comes down.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,2.31,2.10
        2,1.45,1.50
        3,1.62,1.20
        4,1.12,1.05
        5,1.31,0.95
        6,0.84,0.91
        7,1.05,0.84
        8,0.71,0.82
        9,0.92,0.80
        10,0.65,0.79
        ```
    """
    found = losses(history)
    train = found.train if found else None
    if train is None or len(train.values) < FEWEST_POINTS or min(train.values) <= 0:
        return
    if _moved(history) or not _swings(train, swing):
        return
    held = found.held if found is not None else None
    together = held is not None and _swings(held, swing)  # a mean over all held-out samples has no batches
    if not together and not (_averaged(train) and _usual(train) >= CLEAR * median(train.errors)):
        return
    low, high = min(train.part(0.5)), max(train.part(0.5))
    yield Finding(
        history.at(train.points[-1], train.curve),
        f"'{train.curve.name}' swings between {low:.3g} and {high:.3g} without getting lower",
        "lower the learning rate, or take an optimiser with adaptive steps (Adam)",
        subject=("flat", history.path),
    )


def _swings(trace: Trace, swing: float) -> bool:
    """Whether it goes up and down by a large share of its level, and gets nowhere."""
    if len(trace.values) < FEWEST_POINTS or min(trace.values) <= 0:
        return False
    wide = _usual(trace) >= swing * median(trace.values)
    return wide and _turns(trace.values) >= TURNS and not _gets_on(trace)


def _usual(trace: Trace) -> float:
    """The usual change from value to value."""
    return median(abs(b - a) for a, b in pairwise(trace.values))


def _averaged(train: Trace) -> bool:
    """Whether its values are means over many batches: of epochs, or of several logged figures each."""
    if len(train.curve.points) > len(train.values):
        return True
    epochs = [p.epoch for p in train.points]
    return all(e is not None and e.is_integer() for e in epochs) and len(set(epochs)) == len(epochs)


def _moved(history: History) -> bool:
    """Whether the learning rate goes up and down by schedule."""
    for curve in history.of("rate"):
        values = [p.value for p in curve.points if p.finite]
        rises = sum(b > a for a, b in pairwise(values))
        if rises and min(values) < STEADY * max(values):
            return True
    return False


def _turns(values: Sequence[float]) -> float:
    changes = [b - a for a, b in pairwise(values)]
    return sum(a * b < 0 for a, b in pairwise(changes)) / (len(changes) - 1)


def _gets_on(train: Trace) -> bool:
    return fmean(train.part(0.5)) < PROGRESS * fmean(train.part(0.0, 0.5))
