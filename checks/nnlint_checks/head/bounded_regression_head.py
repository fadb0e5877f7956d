"""HL106: a regression head whose values are squeezed into an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import UNSAFE, WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.facts import Range
from nnlint.network.lookback import api
from nnlint.pattern import pattern
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.regression_head import (
    FROM_ZERO,
    regression_heads,
    rescaled,
    target_range,
    target_steps,
    target_words,
)
from nnlint_checks.head.target_names import WITHIN
from nnlint_checks.head.training_losses import loss_api

BOUNDED = ("sigmoid", "tanh", "softmax", "hardtanh", "hardsigmoid", "softsign")

INTO_INTERVAL = pattern(
    r"divide|div|clip|clamp\w*|\w*minmax\w*|\w*norm(?!al$)\w*|sigmoid|tanh|rescale\w*|rank|interp|sin|cos|one_hot"
)
BINARY_CLASSES = 2


@check("HL106", level=WARNING, fix=UNSAFE)
def bounded_regression_head(recipe: Recipe, data: Dataset | None) -> Iterator[Finding]:
    """The output of a regression is squeezed into a fixed interval.

    Why: targets outside of the interval stay out of reach. The network pushes towards its bounds, where the
    slope of sigmoid and tanh is next to zero, and stops learning.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.

    Fires:
        Sigmoid after the last layer.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(8, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
            nn.Sigmoid(),  # warning: [HL106]
        )
        criterion = nn.MSELoss()

        def train(loader):
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x).squeeze(1), y)
                loss.backward()
                optimizer.step()
        ```
        ```diff
        -    nn.Sigmoid(),
        ```
    Silent:
        The interval is scaled to the targets' own.
        ```python
        import torch
        from torch import nn

        class Rating(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 1)

            def forward(self, x):
                return 1 + 4 * torch.sigmoid(self.fc(x))

        loss = nn.MSELoss()(Rating()(torch.randn(16, 8)), torch.full((16, 1), 3.5))
        loss.backward()
        ```
        An autoencoder: the target is the input, pixels in [0, 1].
        ```python
        import torch
        from torch import nn

        net = nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 784), nn.Sigmoid())

        def train(loader):
            optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
            for x, _ in loader:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(net(x), x)
                loss.backward()
                optimizer.step()
        ```
        The code scales the targets into [0, 1].
        ```python
        import pandas as pd
        import torch
        from sklearn.preprocessing import MinMaxScaler
        from torch import nn

        frame = pd.read_csv("load.csv")
        y = MinMaxScaler().fit_transform(frame[["load"]])
        x = torch.tensor(frame.drop(columns="load").to_numpy(), dtype=torch.float32)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
        loss = nn.functional.mse_loss(model(x), torch.tensor(y, dtype=torch.float32))
        loss.backward()
        ```
    """
    for head in regression_heads(recipe, BOUNDED):
        if head.value.operation.kind == "softmax" and head.value.shape.axis(-1) == 1:
            continue  # not bounded but constant: softmax-over-one-output says so
        if _within(head.use, data, head.range) or target_words(head.use, data) & WITHIN:
            continue
        name, loss = api(head.value.operation), loss_api(head.use)
        yield Finding(
            head.place,
            f"the output that {loss} trains is squeezed into {head.range} by {name}",
            f"take {name} off, or scale the targets into {head.range} and the outputs back",
            head.trail,
            subject=("head", head.place),
            repairs=left_out(head.value),
        )


def _within(use: LossUse, data: Dataset | None, bounds: Range) -> bool:
    """The targets lie in the interval, or the code may bring them there."""
    known = use.target.range if use.target is not None else None
    if known is not None and all(map(math.isfinite, known)):
        return known.within(*bounds)
    steps = target_steps(use, data)
    if any(map(INTO_INTERVAL.fullmatch, steps)):
        return True
    if any(step in FROM_ZERO for _, step in use.steps) and steps & {"fit_transform", "transform"}:
        return True
    if data is not None and data.target is not None and len(data.target.classes) == BINARY_CLASSES:
        return True
    targets = target_range(data)
    return targets is not None and targets.within(*bounds) and not rescaled(use, data)
