"""XC302: values that are to scale in the file are scaled once more by fixed numbers."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Rescaled
from nnlint.finding import Finding

BYTES = 50.0
"""Divisors above this are for bytes (255), not for units."""

LARGEST = 2.0
"""Values up to this are no bytes."""

NEAR_ZERO = 0.1
"""A mean this many deviations from 0, and a deviation this far from 1, is of standardised values."""

MOVES = 0.2
"""Statistics that move standardised values by less than this share change nothing worth the name."""


@check("XC302", level=WARNING)
def normalised_twice(rescaled: Rescaled, data: Dataset) -> Iterator[Finding]:
    """The file holds scaled values, and the code scales them again with fixed numbers.

    Why: bytes divided by 255 twice lie within 0.004 of each other: the first layer sees next to nothing but
    its biases, and the initial weights are hundreds of times too small for what comes in.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.3.

    Fires:
        Pixels between 0 and 1, divided by 255.
        ```python train.py
        import numpy as np
        import torch
        from torch import nn

        archive = np.load("digits.npz")
        x = torch.from_numpy(archive["x_train"].astype(np.float32) / 255.0)  # warning: [XC302]
        y = torch.from_numpy(archive["y_train"])
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        np.savez("digits.npz", x_train=(digits.images / 16).astype("float32"), y_train=digits.target)
        ```
    Silent:
        Bytes, divided by 255 once.
        ```python train.py
        import numpy as np
        import torch
        from torch import nn

        archive = np.load("digits.npz")
        x = torch.from_numpy(archive["x_train"].astype(np.float32) / 255.0)
        y = torch.from_numpy(archive["y_train"])
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        np.savez("digits.npz", x_train=(digits.images * 255 / 16).astype("uint8"), y_train=digits.target)
        ```
    """
    if rescaled.taken.single or not data.read_by(rescaled.taken.columns.source):
        return
    columns = _numbers(data)
    if not columns:
        return
    reason = _again(rescaled, columns)
    if reason:
        yield Finding(
            rescaled.place,
            f"'{rescaled.written}' scales values that {reason}",
            "leave it out: the values are to scale in the file",
            (Step(Place(data.train.paths[0]), f"the values {reason}"),),
        )


def _numbers(data: Dataset) -> list[Column]:
    names = {"values"} if data.rank > 2 else set(data.features)
    found = [c for c in data.train.columns if c.name in names and c.kind is Kind.NUMBER]
    return [c for c in found if c.maximum is not None and c.minimum is not None]


def _again(rescaled: Rescaled, columns: list[Column]) -> str:
    """How the values are scaled already, "" when they are not."""
    low = min(c.minimum for c in columns if c.minimum is not None)
    high = max(c.maximum for c in columns if c.maximum is not None)
    if rescaled.divided >= BYTES and not rescaled.subtracted:
        varied = any(not c.integral and c.deviation for c in columns)
        small = varied and high <= LARGEST and low >= -LARGEST
        return f"lie between {low:.3g} and {high:.3g}" if small else ""
    moves = abs(rescaled.subtracted) > MOVES or abs(1 / rescaled.divided - 1) > MOVES
    if rescaled.subtracted and moves and all(map(_standardised, columns)):
        return "have mean 0 and deviation 1"
    return ""


def _standardised(column: Column) -> bool:
    mean, deviation = column.mean, column.deviation
    return (
        mean is not None
        and deviation is not None
        and abs(mean) < NEAR_ZERO
        and abs(deviation - 1) < NEAR_ZERO
    )
