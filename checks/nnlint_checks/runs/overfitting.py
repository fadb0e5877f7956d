"""RN102: the training loss goes on falling while the held-out loss does not, or rises."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Trace, at_time, losses
from nnlint_checks.runs.trends import change, falls, noise, smooth

FALL = 0.2
"""Share by which the training loss falls over the last quarter."""

RISE = 0.15
"""Share by which the held-out loss ends above its lowest level; its noise must be exceeded, too."""

GAP = 2.0
"""Where the held-out loss only stays: how many times the training loss it ends at."""

FEWEST_POINTS = 8
LATEST_TURN = 0.75
"""A held-out loss that was lowest in the last quarter has not turned: patience, not overfitting."""


@check("RN102", level=WARNING, over=("RN101",))
def overfitting(history: History, *, fall: float = FALL, rise: float = RISE) -> Iterator[Finding]:
    """The training loss falls on while the loss on held-out data stays or rises.

    Why: from the turn on the network learns the training samples by heart; each further epoch makes it worse
    on anything else.
    Source: Prechelt, "Early stopping - but when?", 1998; Goodfellow, Bengio, Courville, "Deep Learning",
    2016, section 7.8.

    Options: fall: share by which the training loss falls over the last quarter (0.2). rise: share by which
    the held-out loss ends above its lowest level (0.15).

    Fires:
        Validation is at its best in the third epoch.
        ```csv metrics.csv  # warning: [RN102]
        epoch,loss,val_loss
        1,1.00,1.05
        2,0.70,0.86
        3,0.52,0.79
        4,0.40,0.83
        5,0.29,0.90
        6,0.22,0.97
        7,0.16,1.06
        8,0.12,1.15
        9,0.08,1.22
        10,0.05,1.31
        ```
    Silent:
        Both fall, with a noisy validation loss of few samples.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,1.00,1.05
        2,0.70,0.76
        3,0.52,0.69
        4,0.45,0.53
        5,0.40,0.58
        6,0.36,0.47
        7,0.33,0.52
        8,0.31,0.43
        9,0.30,0.47
        10,0.29,0.42
        ```
        Validation stays where it is, and so does training.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,0.90,0.81
        2,0.61,0.60
        3,0.52,0.55
        4,0.50,0.54
        5,0.49,0.53
        6,0.49,0.54
        7,0.48,0.53
        8,0.48,0.54
        9,0.48,0.53
        10,0.48,0.54
        ```
    """
    found = losses(history)
    if found is None or found.train is None or found.held is None:
        return
    train, held = found.train, found.held
    if min(len(train.values), len(held.values)) < FEWEST_POINTS or min(*train.values, *held.values) < 0:
        return
    turn = _turn(held)
    at = at_time(train, held.points[turn])
    if turn >= LATEST_TURN * len(held.values) or not _fell(train, at, fall):
        return
    end, best = median(held.part(0.85)), smooth(held.values, 3)[turn]
    if not _rose(held, best, end, rise) and not _stayed(train, held, at, turn):
        return
    yield Finding(
        history.at(held.points[turn], held.curve),
        f"'{held.curve.name}' is best at {held.points[turn].when} ({best:.3g}) and ends at {end:.3g}",
        "stop at the best epoch and keep its weights; take more data, augmentation, weight decay or dropout",
        (
            Step(
                history.at(train.points[-1], train.curve),
                f"'{train.curve.name}' falls from {train.values[at]:.3g} to {train.values[-1]:.3g} meanwhile",
            ),
        ),
        subject=("end", history.path),
    )


def _turn(held: Trace) -> int:
    """Where the held-out loss is lowest, noise aside."""
    level = smooth(held.values, 3)
    return min(range(len(level)), key=lambda i: level[i])


def _fell(train: Trace, at: int, fall: float) -> bool:
    """Whether the training loss falls at the end, or fell since then."""
    end = median(train.part(0.85))
    return falls(train.part(0.75), fall) or end <= (1 - fall) * train.values[at]


def _rose(held: Trace, best: float, end: float, rise: float) -> bool:
    return end > best and end >= (1 + rise) * best and end - best >= 3 * noise(held.values)


def _stayed(train: Trace, held: Trace, at: int, turn: int) -> bool:
    """Flat for half of the run or more, far above a training loss that halved and falls."""
    ends = median(train.part(0.85))
    return (
        turn <= len(held.values) / 2
        and median(held.part(0.85)) >= GAP * ends
        and ends <= train.values[at] / 2
        and falls(train.part(0.75), FALL)
        and abs(change(held.part(0.5))) < FALL / 2
    )
