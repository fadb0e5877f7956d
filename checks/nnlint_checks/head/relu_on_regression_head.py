"""HL105: a regression head that cannot give a negative number."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import UNSAFE, WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.facts import INFINITY
from nnlint.network.lookback import api
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.regression_head import never_negative, regression_heads, target_words
from nnlint_checks.head.target_names import COUNTED, POSITIVE
from nnlint_checks.head.training_losses import loss_api

RECTIFIERS = ("relu", "relu6", "clamp", "threshold", "maximum")
SMOOTH = ("softplus", "exp", "absolute", "square", "power")
"""Rectifiers that still pass a gradient: a good choice for a quantity that is positive by nature."""


@check("HL105", level=WARNING, fix=UNSAFE)
def relu_on_regression_head(recipe: Recipe, data: Dataset | None) -> Iterator[Finding]:
    """The output of a regression is rectified.

    Why: the network can never answer with a negative number, so every target below zero (half of them where
    targets are standardised) stays out of reach; and where ReLU cuts the output off its gradient is zero, so
    such samples are not learned at all.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.1 (linear output units);
    Maas, Hannun, Ng, "Rectifier Nonlinearities", 2013.

    Fires:
        ReLU after the last layer, in a helper that wraps every layer.
        ```python
        import torch
        from torch import nn

        def dense(n_in, n_out):
            return nn.Sequential(nn.Linear(n_in, n_out), nn.ReLU())  # warning: [HL105]

        class Regressor(nn.Module):
            def __init__(self, n_features=8):
                super().__init__()
                self.body = dense(n_features, 32)
                self.head = dense(32, 1)

            def forward(self, x):
                return self.head(self.body(x)).squeeze(-1)

        def train(model, loader):
            criterion = nn.MSELoss()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()

        data = torch.utils.data.TensorDataset(torch.randn(64, 8), torch.randn(64))
        train(Regressor(), torch.utils.data.DataLoader(data, batch_size=16, shuffle=True))
        ```
        The target is a function of the input, with values on both sides of zero.
        ```python
        import torch
        from torch import nn

        def exact(x):
            return torch.sin(x[:, :1]) * torch.exp(-x[:, 1:])

        model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1), nn.ReLU())  # warning: [HL105]
        x = torch.randn(64, 2)
        loss = nn.functional.mse_loss(model(x), exact(x))
        loss.backward()
        ```
        ```diff
        -model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1), nn.ReLU())
        +model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        ```
    Silent:
        ReLU is between the layers only.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
        loss = nn.MSELoss()(model(torch.randn(16, 8)), torch.randn(16, 1))
        loss.backward()
        ```
        The targets cannot be negative: the code takes their logarithm plus one.
        ```python
        import numpy as np
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("visits.csv")
        y = torch.tensor(np.log1p(frame["visits"].to_numpy()), dtype=torch.float32)
        x = torch.tensor(frame.drop(columns="visits").to_numpy(), dtype=torch.float32)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1), nn.ReLU())
        loss = nn.functional.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        ```
        Softplus for a quantity that is positive by nature.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1), nn.Softplus())

        def step(x, duration):
            loss = nn.functional.l1_loss(model(x), duration)
            loss.backward()
        ```
        What comes in is to come out, in another scale.
        ```python
        import torch
        from torch import nn

        def scaled(pixels):
            return pixels.float() / 255

        def train(batches):
            model = nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 784), nn.ReLU())
            for x in batches:
                loss = nn.functional.mse_loss(model(x), scaled(x))
                loss.backward()
        ```
        Features of a student are drawn to those of a teacher.
        ```python
        import torch
        from torch import nn

        student = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        teacher = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        x = torch.randn(16, 8)
        loss = nn.functional.mse_loss(student(x), teacher(x).detach())
        loss.backward()
        ```
    """
    for head in regression_heads(recipe, (*RECTIFIERS, *SMOOTH)):
        if head.range.low < 0 or (head.value.operation.kind == "clamp" and head.range.high < INFINITY):
            continue
        if never_negative(head.use, data):
            continue
        words = target_words(head.use, data) | head.words
        if words & (POSITIVE if head.value.operation.kind in SMOOTH else COUNTED):
            continue
        name, loss = api(head.value.operation), loss_api(head.use)
        yield Finding(
            head.place,
            f"the output that {loss} trains is rectified by {name}: values in {head.range}, never below 0",
            f"take {name} off, so that the last layer's output stays linear",
            head.trail,
            subject=("head", head.place),
            repairs=left_out(head.value),
        )
