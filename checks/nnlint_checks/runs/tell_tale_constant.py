"""RN109: a loss that sits at the value a network gives that has learned nothing, or has overflowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from nnlint.check import ERROR, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint_checks.runs.guessing import FEWEST_POINTS, entropy, level, scores, variance
from nnlint_checks.runs.losses import Trace, losses
from nnlint_checks.runs.trends import falls

NEAR = 0.006
"""Relative distance from the constant; the loss of a network that learned anything moves away by more."""

NEAR_VARIANCE = 0.02
"""The same for a variance, which the data give only up to the split."""

OVERFLOW = -math.log(1.1754943508222875e-38)
"""87.34: minus the logarithm of the smallest normal float32, where frameworks clamp log(0)."""

CHANCE = 1.4
"""A share of right answers up to this many times that of chance is no better than chance in a small set."""

FALL = 0.1
"""Share by which a held-out loss falls that learns something; then the constant is one by chance."""

COMMON = (2, 10, 100, 1000)
"""Numbers of classes whose logarithm is known by heart; taken where neither data nor score tell another."""


@dataclass(frozen=True)
class Constant:
    """A value of the loss that says something."""

    value: float
    near: float
    means: str
    help: str


UNLEARNED = "check that gradients reach the weights, that the optimiser holds them, and the learning rate"


@check("RN109", level=ERROR, over=("RN106", "RN101", "RN104"))
def tell_tale_constant(history: History, data: Dataset | None) -> Iterator[Finding]:
    """The loss sits at a constant that names its fault: ln K, 87.3, or the variance of the target.

    Why: ln K is the cross-entropy of K equally likely answers (0.693 for two classes, 2.303 for ten), and the
    variance is the squared error of always answering the mean: the network ignores its input. 87.3 is
    -log of the smallest float32: the softmax has overflowed, and the right class has probability 0.
    Source: Karpathy, "A recipe for training neural networks", 2019 (verify loss at init); Caffe,
    softmax_loss_layer (FLT_MIN).

    Fires:
        Two classes, and the loss stays at ln 2.
        ```csv metrics.csv  # error: [RN109]
        epoch,loss,val_loss
        1,0.6944,0.6935
        2,0.6933,0.6932
        3,0.6932,0.6932
        4,0.6932,0.6931
        5,0.6931,0.6932
        6,0.6932,0.6931
        7,0.6931,0.6932
        8,0.6932,0.6931
        ```
        The softmax has overflowed.
        ```csv metrics.csv  # error: [RN109]
        step,loss
        100,2.31
        200,87.3365
        300,87.3365
        400,87.3365
        500,87.3365
        600,87.3365
        ```
    Silent:
        A loss that passes 0.69 on its way.
        ```csv metrics.csv
        epoch,loss,val_loss
        1,0.8214,0.7711
        2,0.7410,0.7122
        3,0.6931,0.6820
        4,0.6512,0.6544
        5,0.6132,0.6278
        6,0.5815,0.6031
        7,0.5521,0.5852
        8,0.5311,0.5744
        ```
        A squared error that happens to be 0.69, with targets that vary by far more.
        ```csv history.csv
        epoch,loss,val_loss
        1,41.3,22.0
        2,9.12,5.13
        3,2.15,1.72
        4,0.94,0.91
        5,0.71,0.74
        6,0.694,0.723
        7,0.692,0.721
        8,0.693,0.722
        9,0.691,0.722
        10,0.692,0.721
        ```
    """
    found = losses(history)
    train = found.train if found else None
    if found is None or train is None or len(train.values) < FEWEST_POINTS:
        return
    if found.held is not None and falls(found.held.part(0.25), FALL):
        return
    for constant in _constants(history, train, data):
        if not _sits(train, constant):
            continue
        yield Finding(
            history.at(train.points[-1], train.curve),
            f"'{train.curve.name}' sits at {level(train):.4g}: {constant.means}",
            constant.help,
            subject=("flat", history.path),
        )
        return


def _sits(train: Trace, constant: Constant) -> bool:
    """Near the constant all through the second half, noise of single points aside."""
    values = train.part(0.5)
    away = [abs(v - constant.value) / constant.value for v in values]
    return abs(median(values) / constant.value - 1) <= constant.near and median(away) <= constant.near


def _constants(history: History, train: Trace, data: Dataset | None) -> Iterator[Constant]:
    smallest = "-log of the smallest float32, the softmax has overflowed"
    yield Constant(
        OVERFLOW, 0.002, smallest, "scale the inputs, lower the rate, and give the loss raw scores"
    )
    for classes in _classes(history, train, data):
        meaning = f"ln {classes}, equal probabilities for {classes} classes"
        yield Constant(math.log(classes), NEAR, meaning, UNLEARNED)
    spread = variance(data) if data is not None else None
    if spread:
        yield Constant(spread, NEAR_VARIANCE, "the variance of the target, one answer for all", UNLEARNED)


def _classes(history: History, train: Trace, data: Dataset | None) -> Iterator[int]:
    """Numbers of classes whose equal probabilities the run may show."""
    right = scores(history)
    known = entropy(data) if data is not None else None
    if data is not None and variance(data) is not None:
        return
    if known is not None and (right is None or median(right) <= CHANCE * _frequent(data, known[0])):
        yield known[0]
    elif right is not None:
        classes = round(math.exp(min(level(train), 20.0)))
        if classes >= 2 and median(right) <= CHANCE / classes:
            yield classes
    elif known is None:
        yield from (k for k in COMMON if _never_better(train, math.log(k)))


def _frequent(data: Dataset | None, classes: int) -> float:
    """The share of the most frequent class."""
    column = data.train.column(data.target.column) if data is not None and data.target is not None else None
    if column is None or not column.top:
        return 1 / classes
    return max(count for _, count in column.top) / sum(count for _, count in column.top)


def _never_better(train: Trace, constant: float) -> bool:
    """Whether the loss came from nearby, and not down from somewhere else to stop there by chance."""
    return max(train.values) <= 1.5 * constant and min(train.values) >= (1 - 3 * NEAR) * constant
