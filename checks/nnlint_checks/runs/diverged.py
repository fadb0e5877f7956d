"""RN105: training that ends in NaN, or in losses that rise."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from statistics import median

from nnlint.check import ERROR, check
from nnlint.evidence.runs import Curve, History, Point
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Losses, Trace, losses
from nnlint_checks.runs.trends import SIGNIFICANT, falls, kendall, smooth

RISE = 1.5
"""A loss that ends at this many times its lowest level has risen; noise and restarts do not reach it."""

ALONE = 3.0
"""The same where no held-out loss says so, too."""

HIGH = 0.3
"""Share of the first value below which a loss is low, whatever its lowest level was."""

FEWEST_POINTS = 6
NO_GRADIENT = 3
"""Logs in a row without a gradient: a single one is what mixed precision skips while it finds its scale."""

STEP = "lower the learning rate, clip the gradients, and look for overflow in the loss before {when}"


@check("RN105", level=ERROR)
def diverged(history: History, *, rise: float = RISE) -> Iterator[Finding]:
    """The loss becomes NaN or infinite, or training and held-out loss rise.

    Why: a step that is too large throws the weights where the loss is steeper still, so the next step is
    larger; after a NaN or an overflow every weight is NaN and nothing that follows trains anything.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 8.2.4 (cliffs).

    Options: rise: how many times its lowest level a loss must end at (1.5).

    Fires:
        The loss is NaN from the fourth epoch on.
        ```csv metrics.csv  # error: [RN105]
        epoch,train_loss,val_loss
        0,2.31,2.25
        1,2.94,3.41
        2,8.77,19.2
        3,nan,nan
        4,nan,nan
        5,nan,nan
        ```
    Silent:
        A logger that writes nan where nothing was measured.
        ```csv metrics.csv
        epoch,step,train_loss,val_loss
        0,99,1.42,nan
        0,99,nan,1.31
        1,199,0.92,nan
        1,199,nan,0.97
        2,299,0.71,nan
        2,299,nan,0.80
        ```
        Warm restarts raise the loss for a while, and it comes down again.
        ```csv metrics.csv
        epoch,train_loss,val_loss
        0,1.00,1.05
        1,0.60,0.66
        2,0.40,0.47
        3,0.78,0.83
        4,0.55,0.60
        5,0.34,0.42
        6,0.70,0.74
        7,0.45,0.52
        8,0.29,0.38
        ```
    """
    broken = [(p, c) for c in history.of("loss") if (p := _broken(c)) is not None]
    if broken:
        point, curve = min(broken, key=lambda pair: (pair[1].split != "train", pair[0].line))
        yield _not_finite(history, point, curve)
        return
    for curve in history.of("gradient"):
        if (gone := _without_gradient(curve)) is not None:
            yield _not_finite(history, gone, curve)
            return
    found = losses(history)
    if found is not None and found.train is not None and _rises(found, rise):
        train = found.train
        lowest = min(range(len(train.values)), key=lambda i: train.values[i])
        turn = train.points[lowest]
        yield Finding(
            history.at(turn, train.curve),
            f"'{train.curve.name}' rises from {train.values[lowest]:.3g} at {turn.when} to {_end(train):.3g}",
            "lower the learning rate, or clip the gradients",
            subject=("end", history.path),
        )


def _not_finite(history: History, point: Point, curve: Curve) -> Finding:
    when = point.when or "then"
    return Finding(
        history.at(point, curve),
        f"'{curve.name}' is {point.value} from {point.when or 'here'} on",
        STEP.format(when=when),
        subject=("end", history.path),
    )


def _broken(curve: Curve) -> Point | None:
    """The first of the figures that are no numbers up to the end; held-out ones once were numbers."""
    if not curve.points or curve.points[-1].finite:
        return None
    tail = list(takewhile(lambda p: not p.finite, reversed(curve.points)))
    never = len(tail) == len(curve.points)
    return None if never and curve.split != "train" else tail[-1]


def _without_gradient(curve: Curve) -> Point | None:
    """The same for the norm of the gradient: trainers that filter NaN out of the loss log it there."""
    tail = list(takewhile(lambda p: not p.finite, reversed(curve.points)))
    return tail[-1] if len(tail) >= NO_GRADIENT else None


def _end(trace: Trace) -> float:
    return median(trace.part(0.85))


def _rises(found: Losses, rise: float) -> bool:
    """Whether the training loss ends far above its lowest level, and the held-out loss above its own."""
    train, held = found.train, found.held
    if train is None or len(train.values) < FEWEST_POINTS or min(train.values) <= 0:
        return False
    needed = rise if held is not None else max(rise, ALONE)
    if not _ends_above(train, needed) or falls(train.part(0.66), 0.05):
        return False
    if _end(train) < HIGH * train.values[0] or not _climbs(train):
        return False
    return held is None or (min(held.values) > 0 and _ends_above(held, 1 + (rise - 1) / 2))


def _climbs(trace: Trace) -> bool:
    """Whether it goes up from its lowest level on, not up and down."""
    lowest = min(range(len(trace.values)), key=lambda i: trace.values[i])
    return kendall(trace.values[min(lowest, len(trace.values) - FEWEST_POINTS) :]) >= SIGNIFICANT


def _ends_above(trace: Trace, times: float) -> bool:
    lowest = min(smooth(trace.values, 3))
    return lowest > 0 and min(_end(trace), median(trace.part(0.7))) >= times * lowest
