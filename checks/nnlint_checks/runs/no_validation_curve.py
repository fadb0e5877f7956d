"""RN111: a log without any figure on held-out data."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.runs import History
from nnlint.finding import Finding

FIGURES = ("loss", "score", "error", "explained")
FEWEST_POINTS = 5
"""A run of fewer may not have got to its first validation."""


@check("RN111", level=HINT)
def no_validation_curve(history: History) -> Iterator[Finding]:
    """The log tells how training went, and nothing about data that was not trained on.

    Why: a training loss falls while a network learns and while it memorises; only held-out figures tell
    one from the other, and show when to stop.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 5.3.

    Fires:
        ```csv metrics.csv  # hint: [RN111]
        epoch,loss
        1,1.00
        2,0.90
        3,0.84
        4,0.80
        5,0.77
        6,0.75
        ```
    Silent:
        ```csv metrics.csv
        epoch,loss,val_accuracy
        1,1.00,0.61
        2,0.90,0.66
        3,0.84,0.68
        4,0.80,0.69
        5,0.77,0.70
        6,0.75,0.70
        ```
    """
    if history.kind != "supervised" or any(
        c.split != "train" for c in history.curves if c.quantity in FIGURES
    ):
        return
    curves = [c for c in history.of("loss") if len(c.points) >= FEWEST_POINTS]
    if curves:
        yield Finding(
            history.at(curves[0].points[-1], curves[0]),
            f"'{curves[0].name}' is logged, no figure on held-out data is",
            "hold out a part of the data, and log the loss on it each epoch",
            subject=("held-out", history.path),
        )
