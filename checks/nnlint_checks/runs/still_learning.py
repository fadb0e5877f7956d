"""RN101: a run that ended while its losses were still falling."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Trace, losses
from nnlint_checks.runs.trends import change, falls

FALL = 0.05
"""Share by which both losses fall over the last quarter."""

FEWEST_POINTS = 8
SPENT = 0.05
"""Share of its highest value at which a learning rate has been brought to its end on purpose."""


@check("RN101", level=HINT)
def still_learning(history: History, *, fall: float = FALL) -> Iterator[Finding]:
    """Training and held-out loss are both still falling when the run ends.

    Why: what the figures of the last epoch say about the network is not what it can do; more epochs are the
    cheapest improvement there is.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 11.4.

    Options: fall: share by which both fall over the last quarter (0.05).

    Fires:
        Both fall by a tenth each epoch.
        ```csv metrics.csv  # hint: [RN101]
        epoch,loss,val_loss
        1,1.00,1.05
        2,0.90,0.96
        3,0.80,0.87
        4,0.72,0.78
        5,0.66,0.71
        6,0.59,0.65
        7,0.53,0.59
        8,0.48,0.54
        9,0.43,0.49
        10,0.39,0.45
        11,0.35,0.41
        12,0.32,0.38
        ```
    Silent:
        Both have come to rest.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,1.00,1.05
        2,0.70,0.76
        3,0.52,0.59
        4,0.45,0.53
        5,0.42,0.51
        6,0.41,0.50
        7,0.40,0.50
        8,0.40,0.50
        9,0.40,0.49
        10,0.40,0.50
        11,0.40,0.50
        12,0.40,0.50
        ```
    """
    found = losses(history)
    if found is None or found.train is None or found.held is None or _planned(history):
        return
    train, held = found.train, found.held
    if min(len(train.values), len(held.values)) < FEWEST_POINTS or min(*train.values, *held.values) < 0:
        return
    if not (_falls_on(train, fall) and _falls_on(held, fall)):
        return
    yield Finding(
        history.at(held.points[-1], held.curve),
        f"both losses still fall at the end: {_share(train)} and {_share(held)} over the last quarter",
        "train on: more epochs, or a larger learning rate",
        subject=("end", history.path),
    )


def _falls_on(trace: Trace, fall: float) -> bool:
    """Whether it falls in the last quarter, and in the last third, too: few points make a trend by chance."""
    return change(trace.part(0.75)) <= -fall and falls(trace.part(0.6), fall)


def _share(trace: Trace) -> str:
    return f"{-change(trace.part(0.75)):.0%}"


def _planned(history: History) -> bool:
    """Whether the learning rate was brought to its end: the length of the run was part of the plan."""
    for curve in history.of("rate"):
        values = [p.value for p in curve.points if p.finite]
        if values and values[-1] <= SPENT * max(values):
            return True
    return False
