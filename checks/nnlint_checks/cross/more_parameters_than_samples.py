"""XC401: a network with far more weights than the data have rows, and nothing against memorising."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint_checks.regularization.unregularized import unregularised

TIMES = 100
"""Weights for each row: beyond, even randomly labelled rows are learned by heart within a few epochs."""


@check("XC401", level=WARNING, over=("NR302",))
def more_parameters_than_samples(recipe: Recipe, data: Dataset, *, times: int = TIMES) -> Iterator[Finding]:
    """The network has a hundred weights or more for each row it learns from, and no regularisation.

    Why: it can store every row with its label; without dropout, decay, augmentation or early stopping nothing
    speaks for a rule that holds for other rows, too.
    Source: Zhang et al., "Understanding deep learning requires rethinking generalization", 2017;
    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 5.2.

    Options: times: weights for each row of the training data (100).

    Fires:
        A million weights for 178 wines.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("wine.csv")
        x = torch.tensor(frame.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["cultivar"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(
            nn.Linear(13, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 3),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # warning: [XC401]
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
        frame.to_csv("wine.csv", index=False)
        ```
    Silent:
        The same network with dropout.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("wine.csv")
        x = torch.tensor(frame.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["cultivar"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(
            nn.Linear(13, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 3),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
        frame.to_csv("wine.csv", index=False)
        ```
    """
    if data.target is None:
        return
    rows = data.train.rows
    for optimizer, network, weights in unregularised(recipe):
        if weights >= times * rows:
            yield Finding(
                optimizer.place,
                f"{weights:,} weights for {rows:,} rows, {weights / rows:,.0f} each, and no regularisation",
                "take a smaller network, add dropout or weight decay, or stop early",
                (
                    Step(network.place, f"{network.name} has {weights:,} weights"),
                    Step(Place(data.train.paths[0]), f"{rows:,} rows"),
                ),
                subject=("regularization", optimizer.place),
            )
