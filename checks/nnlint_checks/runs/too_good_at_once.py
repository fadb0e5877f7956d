"""RN110: a loss of 0 or a perfect score from the first steps on."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.runs import Curve, History
from nnlint.finding import Finding

NOTHING = 1e-7
"""A loss below this is 0 in float32."""

FEWEST_POINTS = 3
BEGINNING = 2.0
"""The epoch up to which a log must have begun for its first figures to be those of the first steps."""


@check("RN110", level=ERROR, over=("RN101", "RN106"))
def too_good_at_once(history: History) -> Iterator[Finding]:
    """The loss is 0, or the score perfect, from the first figure on.

    Why: no network knows the answers before it was trained. The loss sees a softmax over one output, or
    nothing at all; the target is among the features; the metric compares the labels with themselves.
    Source: Kaufman, Rosset, Perlich, "Leakage in data mining", 2012; Karpathy, "A recipe for training neural
    networks", 2019.

    Fires:
        Everything right after the first epoch.
        ```csv metrics.csv  # error: [RN110]
        epoch,loss,val_loss,val_accuracy
        1,0.4121,0.0201,1.0
        2,0.0120,0.0051,1.0
        3,0.0043,0.0024,1.0
        4,0.0021,0.0013,1.0
        5,0.0013,0.0009,1.0
        ```
        A loss of nothing.
        ```csv metrics.csv  # error: [RN110]
        epoch,loss,accuracy
        1,0.0,0.102
        2,0.0,0.102
        3,0.0,0.102
        ```
    Silent:
        It takes some epochs.
        ```csv metrics.csv
        epoch,loss,val_loss,val_accuracy
        1,0.6121,0.4201,0.91
        2,0.2120,0.1051,0.97
        3,0.0943,0.0524,0.99
        4,0.0521,0.0313,1.0
        5,0.0313,0.0209,1.0
        ```
    """
    if history.kind != "supervised":
        return
    for curve in history.of("loss"):
        if _whole(curve) and _from_the_start(curve) and all(abs(p.value) <= NOTHING for p in curve.points):
            yield _finding(history, curve, "0")
            return
    for curve in history.of("score"):
        values = {p.value for p in curve.points}
        if _from_the_start(curve) and (values == {1.0} or values == {100.0}):
            yield _finding(history, curve, f"{curve.points[0].value:g}")
            return


def _whole(curve: Curve) -> bool:
    """A loss by itself, not one of its terms, of which some may be switched off."""
    return curve.stem == "loss"


def _from_the_start(curve: Curve) -> bool:
    if len(curve.points) < FEWEST_POINTS or not all(p.finite for p in curve.points):
        return False
    first, last = curve.points[0], curve.points[-1]
    if first.epoch is not None:
        return first.epoch <= BEGINNING
    return first.step is not None and last.step is not None and first.step <= 0.1 * last.step


def _finding(history: History, curve: Curve, value: str) -> Finding:
    first = curve.points[0]
    return Finding(
        history.at(first, curve),
        f"'{curve.name}' is {value} from {first.when or 'the start'} on, before anything was learned",
        "look for the target among the features, a softmax over one output, or a metric of the labels alone",
        subject=("flat", history.path),
    )
