"""RN103: the held-out loss falls while the training loss does not."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Trace, losses
from nnlint_checks.runs.trends import change, falls, noise

FALL = 0.2
"""Share by which the held-out loss falls, after the first epochs."""

FLAT = 0.03
"""Share by which the training loss may change meanwhile."""

FEWEST_POINTS = 10
SETTLING = 0.1
"""Share of the run at its beginning in which anything may happen."""


@check("RN103", level=WARNING)
def validation_falls_alone(history: History, *, fall: float = FALL) -> Iterator[Finding]:
    """The loss on held-out data falls, and the training loss stays where it was.

    Why: a network cannot learn from data on which its loss does not move; the figures are not of what they
    are called, or the splits are not of one kind: curves swapped, labels of training shuffled, training on
    the held-out data.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 11.5 (debugging strategies).

    Options: fall: share by which the held-out loss must fall (0.2).

    Fires:
        Validation falls by a half, training stays at 1.6.
        ```csv metrics.csv  # warning: [RN103]
        epoch,loss,val_loss
        1,1.61,1.60
        2,1.61,1.45
        3,1.60,1.32
        4,1.61,1.21
        5,1.61,1.10
        6,1.60,1.01
        7,1.61,0.94
        8,1.61,0.88
        9,1.60,0.83
        10,1.61,0.79
        ```
    Silent:
        Validation starts worse and comes down to a training loss that fell before.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,1.61,1.90
        2,1.22,1.65
        3,1.01,1.32
        4,0.88,1.11
        5,0.80,0.95
        6,0.74,0.87
        7,0.70,0.80
        8,0.67,0.77
        9,0.65,0.74
        10,0.63,0.72
        ```
    """
    found = losses(history)
    if found is None or found.train is None or found.held is None:
        return
    train, held = found.train, found.held
    if min(len(train.values), len(held.values)) < FEWEST_POINTS or min(*train.values, *held.values) <= 0:
        return
    if not (_stays(train) and falls(held.part(SETTLING), fall)):
        return
    rest = Step(history.at(train.points[-1], train.curve), "the training loss ends where it began")
    middle = held.points[(len(held.points) - 1) // 2]
    yield Finding(
        history.at(middle, held.curve),
        f"'{held.curve.name}' falls by {-change(held.part(SETTLING)):.0%}, '{train.curve.name}' stays at "
        f"{median(train.values):.3g}",
        "check that the curves are not swapped, and that training samples still belong to their labels",
        (rest,),
    )


def _stays(train: Trace) -> bool:
    """Flat from the first epoch on, and not only because noise hides a trend."""
    values = train.values
    level = median(values)
    return (
        max(abs(change(values)), abs(change(train.part(SETTLING)))) < FLAT
        and abs(values[0] - level) < 2 * FLAT * level
        and noise(values) < 2 * FLAT * level
    )
