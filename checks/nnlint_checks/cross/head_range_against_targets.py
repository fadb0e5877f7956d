"""XC101: targets in the data that the network's head cannot give."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.lookback import api
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.regression_head import RegressionHead, regression_heads, rescaled, target_range

TOLERANCE = 0.01
"""Share of the targets' span that they may lie outside: a rounding of 1.0, not targets out of reach."""


@check("XC101", level=ERROR, fix=UNSAFE, over=("HL105", "HL106"))
def head_range_against_targets(
    recipe: Recipe, data: Dataset, *, tolerance: float = TOLERANCE
) -> Iterator[Finding]:
    """The values that the network can give do not cover the targets in the data.

    Why: targets outside of the head's range are out of reach however long the network trains; its best answer
    there is the bound, where the slope of the activation is next to zero.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2 (output units).

    Options: tolerance: the share of the targets' span that they may lie outside (0.01).

    Fires:
        A sigmoid at the end, and prices up to some hundreds.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("houses.csv")
        x = torch.tensor(frame[["rooms", "area"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["price"].to_numpy(), dtype=torch.float32)
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(
            nn.Linear(2, 16),
            nn.ReLU(),
            nn.Linear(16, 1),
            nn.Sigmoid(),  # error: [XC101]
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -    nn.Sigmoid(),
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        rooms, area = rng.integers(1, 7, 200), rng.normal(90, 25, 200).round(1)
        price = (area * 3 + rooms * 8 + rng.normal(0, 20, 200)).round(2)
        pd.DataFrame({"rooms": rooms, "area": area, "price": price}).to_csv("houses.csv", index=False)
        ```
    Silent:
        The same prices, divided by their maximum first.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("houses.csv")
        x = torch.tensor(frame[["rooms", "area"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["price"].to_numpy(), dtype=torch.float32)
        x, y = (x - x.mean(0)) / x.std(0), y / y.max()
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        rooms, area = rng.integers(1, 7, 200), rng.normal(90, 25, 200).round(1)
        price = (area * 3 + rooms * 8 + rng.normal(0, 20, 200)).round(2)
        pd.DataFrame({"rooms": rooms, "area": area, "price": price}).to_csv("houses.csv", index=False)
        ```
        Targets in the data are all above zero, so a rectified head reaches them.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("houses.csv")
        x = torch.tensor(frame[["rooms", "area"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["price"].to_numpy(), dtype=torch.float32)
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1), nn.ReLU())
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        rooms, area = rng.integers(1, 7, 200), rng.normal(90, 10, 200).round(1)
        price = (area * 3 + rooms * 8 + rng.normal(0, 20, 200)).round(2)
        pd.DataFrame({"rooms": rooms, "area": area, "price": price}).to_csv("houses.csv", index=False)
        ```
    """
    targets = target_range(data)
    if targets is None or data.target is None:
        return
    margin = tolerance * (targets.high - targets.low)
    for head in regression_heads(recipe):
        if not _one_target(head) or rescaled(head.use, data):
            continue
        if head.range.low <= targets.low + margin and targets.high - margin <= head.range.high:
            continue
        name = api(head.value.operation)
        yield Finding(
            head.place,
            f"{name} gives values in {head.range}, but '{data.target.column}' lies in {targets}",
            f"take {name} off the output, or scale the targets into {head.range} and the outputs back",
            head.trail,
            subject=("head", head.place),
            repairs=left_out(head.value),
        )


def _one_target(head: RegressionHead) -> bool:
    """One output for the one column; the width may be unknown."""
    return head.layer.shape.axis(-1) in (1, None)
