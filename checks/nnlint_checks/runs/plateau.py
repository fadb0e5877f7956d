"""RN106: losses that are flat where a network that ignores its input would be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from statistics import median

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.guessing import FLAT, entropy, flat, level, scores, variance
from nnlint_checks.runs.losses import Trace, losses
from nnlint_checks.runs.trends import change

NEAR = 0.95
"""Share of the loss of a constant answer above which nothing worth the name was learned."""

FAR = 1.6
"""A loss this many times above it is another loss, or is of other targets."""

UNMOVED = 0.004
"""Share of its first value by which a loss that does not move changes: noise of batches alone is more."""

SAME = 0.8
"""Share of evaluations that give one and the same accuracy where the network always answers alike."""

FEWEST_POINTS = 8
FEWEST_SCORES = 8
SMALL = 0.05
"""A loss below this is low whatever it is of."""


@check("RN106", level=WARNING, over=("RN101",))
def plateau(history: History, data: Dataset | None) -> Iterator[Finding]:
    """Training and held-out loss are flat and no better than one answer for all samples.

    Why: either the network is too weak for what there is to learn, or the optimiser is stuck: a rate too
    small to move, units that are dead, weights that no gradient reaches. Overfitting a few samples on
    purpose tells which.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 11.5; Karpathy, "A recipe for
    training neural networks", 2019 (input-independent baseline).

    Fires:
        The loss does not move, and each epoch has the same accuracy.
        ```csv metrics.csv  # warning: [RN106]
        epoch,loss,val_loss,val_accuracy
        1,0.6121,0.6099,0.7012
        2,0.6109,0.6098,0.7012
        3,0.6108,0.6099,0.7012
        4,0.6109,0.6098,0.7012
        5,0.6108,0.6097,0.7012
        6,0.6109,0.6098,0.7012
        7,0.6108,0.6098,0.7012
        8,0.6108,0.6098,0.7012
        9,0.6109,0.6098,0.7012
        10,0.6108,0.6097,0.7012
        ```
    Silent:
        An early plateau at a good level.
        ```csv metrics.csv
        epoch,loss,val_loss,val_accuracy
        1,0.6121,0.4099,0.8512
        2,0.4009,0.3898,0.8631
        3,0.3911,0.3871,0.8622
        4,0.3905,0.3868,0.8640
        5,0.3902,0.3877,0.8622
        6,0.3904,0.3866,0.8635
        7,0.3901,0.3868,0.8640
        8,0.3902,0.3870,0.8631
        9,0.3901,0.3866,0.8635
        10,0.3900,0.3869,0.8635
        ```
    """
    found = losses(history)
    train = found.train if found else None
    if found is None or train is None or len(train.values) < FEWEST_POINTS or level(train) < SMALL:
        return
    if not flat(train) or (found.held is not None and change(found.held.part(0.25)) < -FLAT):
        return
    reason = _reason(history, train, data)
    if reason:
        yield Finding(
            history.at(train.points[-1], train.curve),
            f"'{train.curve.name}' stays at {level(train):.4g}: {reason}",
            "try to overfit a few samples: if that fails, mend the training, else take a stronger network",
            subject=("flat", history.path),
        )


def _reason(history: History, train: Trace, data: Dataset | None) -> str:
    """Why the level is high, "" when nothing shows that."""
    constant = _constant_answer(data)
    if constant and NEAR * constant <= level(train) <= FAR * constant:
        return f"always answering alike would give {constant:.4g}"
    right = scores(history)
    if right is not None and max(right) < 0.99:
        value, times = Counter(round(r, 6) for r in right).most_common(1)[0]
        if len(right) >= FEWEST_SCORES * 0.75 and times >= SAME * len(right) and _starts_there(train):
            return f"the accuracy is {value:.4g} each time"
        if median(right) <= 1.1 * math.exp(-level(train)):
            return f"{median(right):.0%} right answers are what chance gives"
    explained = [p.value for c in history.of("explained") for p in c.points if p.finite]
    if len(explained) >= FEWEST_POINTS and max(explained[len(explained) // 2 :]) < 1 - NEAR:
        return f"R² is {explained[-1]:.2g}, always answering the mean gives 0"
    return f"it moves by {_moves(train):.1%} in all" if _unmoved(train) else ""


def _constant_answer(data: Dataset | None) -> float | None:
    if data is None:
        return None
    classes = entropy(data)
    return classes[1] if classes else variance(data)


def _starts_there(train: Trace) -> bool:
    """Whether the loss was at its level all along: a run that has converged came down to it."""
    return abs(train.values[0] - level(train)) <= 0.1 * level(train) or train.values[0] > 5 * level(train)


def _moves(train: Trace) -> float:
    return (max(train.values) - min(train.values)) / level(train)


def _unmoved(train: Trace) -> bool:
    """Whether the loss never leaves where it began, in a run that was logged from its beginning."""
    first = train.points[0].epoch
    return _moves(train) <= UNMOVED and first is not None and first <= 1
