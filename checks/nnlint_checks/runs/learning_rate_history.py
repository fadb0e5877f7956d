"""RN107: a logged learning rate that is gone long before the run ends, or while the loss still falls."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from nnlint.check import WARNING, check
from nnlint.evidence.runs import Curve, History, Point
from nnlint.finding import Finding
from nnlint_checks.runs.losses import Trace, at_time, losses, traced
from nnlint_checks.runs.trends import change, falls

GONE = 0.008
"""Share of its highest value at which a rate no longer moves anything; two steps of a tenth leave 0.01."""

EARLY = 0.5
"""Share of the run before which it must not be gone."""

LATE = 0.85
"""Share of the run after which it may be gone while the loss falls: schedules end at zero."""

FALL = 0.05
"""Share by which the loss was falling over the part of the run before the rate was gone."""

SHARE_LEARNED = 0.02
"""A loss at this share of its first value has nothing left to fall."""

FEWEST_POINTS = 8


@check("RN107", level=WARNING, over=("RN106", "RN101"))
def learning_rate_history(history: History) -> Iterator[Finding]:
    """The logged learning rate has collapsed long before the end, or while the loss was still falling.

    Why: steps of a hundredth or a thousandth of the rate change nothing that shows: the rest of the run is
    spent without training.
    Source: Bengio, "Practical recommendations for gradient-based training", 2012, section 3.1.1.

    Fires:
        Halved each epoch, the rate is gone after seven of twenty.
        ```python generate
        # expect metrics.csv warning: [RN107]
        from pathlib import Path

        rows = ["epoch,lr,loss,val_loss"]
        loss = 1.0
        for epoch in range(20):
            rate = 0.1 * 0.5**epoch
            rows.append(f"{epoch},{rate},{loss:.5f},{loss * 1.05:.5f}")
            loss -= 2 * rate * loss
        Path("metrics.csv").write_text("\\n".join(rows))
        ```
    Silent:
        A cosine from 0.1 to 0 over the run.
        ```python generate
        import math
        from pathlib import Path

        rows = ["epoch,lr,loss,val_loss"]
        loss = 1.0
        for epoch in range(20):
            rate = 0.05 * (1 + math.cos(math.pi * epoch / 20))
            rows.append(f"{epoch},{rate},{loss:.5f},{loss * 1.05:.5f}")
            loss -= 2 * rate * loss
        Path("metrics.csv").write_text("\\n".join(rows))
        ```
        A tenth after each third.
        ```python generate
        from pathlib import Path

        rows = ["epoch,lr,loss,val_loss"]
        loss = 1.0
        for epoch in range(21):
            rate = 0.1 * 0.1 ** (epoch // 7)
            rows.append(f"{epoch},{rate},{loss:.5f},{loss * 1.05:.5f}")
            loss -= rate * loss
        Path("metrics.csv").write_text("\\n".join(rows))
        ```
    """
    found = losses(history)
    train = found.train if found else None
    if train is None or len(train.values) < FEWEST_POINTS or min(train.values) <= 0:
        return
    for curve in history.of("rate"):
        gone = _gone(curve)
        if gone is None:
            continue
        at = at_time(train, gone)
        share = at / len(train.values)
        if share < EARLY and not _learned(train):
            reason = f"{len(train.values) - at} of {len(train.values)} points follow"
        elif EARLY <= share < LATE and _was_falling(train, at):
            reason = f"'{train.curve.name}' was still falling"
        else:
            continue
        yield Finding(
            history.at(gone, curve),
            f"'{curve.name}' is down to {gone.value:.2g} at {gone.when or 'this point'}: {reason}",
            "let the rate decay over the whole run, or end the run there",
            subject=("end", history.path),
        )
        return


def _gone(curve: Curve) -> Point | None:
    """The first point from which on the rate stays below GONE of its highest value."""
    trace = traced(curve)
    if trace is None or len(trace.values) < FEWEST_POINTS or max(trace.values) <= 0:
        return None
    limit = GONE * max(trace.values)
    if trace.values[-1] >= limit:
        return None
    last = max(i for i, v in enumerate(trace.values) if v >= limit)
    return trace.points[last + 1]


def _learned(train: Trace) -> bool:
    return median(train.part(0.85)) <= SHARE_LEARNED * train.values[0]


def _was_falling(train: Trace, at: int) -> bool:
    """Falling before, and at rest since."""
    before = train.values[at // 2 : at + 1]
    after = train.values[at:]
    return len(before) >= 4 and falls(before, FALL) and len(after) >= 3 and change(after) > -FALL / 2
