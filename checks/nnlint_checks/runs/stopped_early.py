"""RN108: too few steps to judge the network by."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from nnlint.check import HINT, check
from nnlint.evidence.runs import History, Point
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Losses, losses

FEWEST_EPOCHS = 3
FEWEST_STEPS = 100
"""Below both, the first step sizes and the order of the batches decide the figures."""


@check("RN108", level=HINT)
def stopped_early(
    history: History, *, epochs: int = FEWEST_EPOCHS, steps: int = FEWEST_STEPS
) -> Iterator[Finding]:
    """The run is so short that its figures say nothing about the network.

    Why: after a few dozen steps a good network and a hopeless one look the same.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 11.4.

    Options: epochs, steps: a run with fewer of both is short (3, 100).

    Fires:
        Two epochs.
        ```csv metrics.csv  # hint: [RN108]
        epoch,loss,val_loss
        1,1.00,1.05
        2,0.90,0.96
        ```
    Silent:
        One epoch of thousands of steps.
        ```csv metrics.csv
        epoch,step,loss,val_loss
        0,1000,1.00,1.05
        0,2000,0.90,0.96
        0,3000,0.84,0.90
        ```
    """
    found = losses(history)
    trace = (found.train or found.held) if found else None
    if trace is None:
        return
    points = trace.curve.points
    done = len({p.epoch for p in points if p.epoch is not None and p.epoch.is_integer()})
    taken = max((p.step for p in points if p.step is not None), default=None)
    if not done and found is not None and _epochs_as_steps(found):
        done, taken = len(points), None
    if (done or None) is None and taken is None:
        return
    if done >= epochs or (taken is not None and taken >= steps) or (not done and taken is None):
        return
    if not done and _fractional(points) >= epochs:
        return
    what = f"{done} epoch{'s' if done != 1 else ''}" if done else f"{taken:.0f} steps"
    yield Finding(
        history.at(points[-1], trace.curve),
        f"the run ends after {what}",
        "train for longer before judging the network",
        subject=("end", history.path),
    )


def _epochs_as_steps(found: Losses) -> bool:
    """Whether what the log calls steps are epochs: each has its held-out loss, and they go up one by one."""
    if found.train is None or found.held is None:
        return False
    points = found.train.curve.points
    steps = [p.step for p in points if p.step is not None]
    single = all(b - a == 1 for a, b in pairwise(steps))
    return single and len(steps) == len(points) == len(found.held.curve.points)


def _fractional(points: tuple[Point, ...]) -> float:
    return max((p.epoch for p in points if p.epoch is not None), default=0.0)
