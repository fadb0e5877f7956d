"""XC103: a classifier with more or fewer outputs than the data have classes."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset, Task
from nnlint.evidence.place import Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor
from nnlint.network.lookback import home, last_shaping
from nnlint.pattern import pattern
from nnlint_checks.head.regression_head import target_steps
from nnlint_checks.head.training_losses import loss_api, training_uses

LOSSES = (
    *("cross_entropy", "categorical_cross_entropy", "nll", "categorical_nll", "sparse_categorical_nll"),
    "multi_margin",
)
ACTIVATED = ("softmax", "log_softmax", "relu", "sigmoid", "tanh")

REGROUPING = pattern(
    r"compare|where|map|apply|replace|cut|qcut|digitize|clip|isin|query|filter|modulo|select"
    r"|binarize|Binarizer"
)
"""Steps after which there may be fewer or other classes than in the files."""


@check("XC103", level=ERROR)
def class_count(recipe: Recipe, data: Dataset) -> Iterator[Finding]:
    """The classifier's outputs are not as many as the classes in the data.

    Why: with fewer outputs than classes, training stops at the first label that has no output; with more, the
    network spends itself on answers that are never right, a sign of a wrong file or constant.
    Source: PyTorch documentation of CrossEntropyLoss (class indices in [0, C)).

    Fires:
        Three species, four outputs.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("iris.csv")
        x = torch.tensor(frame.drop(columns="species").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["species"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(
            nn.Linear(4, 16),
            nn.ReLU(),
            nn.Linear(16, 4),  # error: [XC103]
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"}).drop_duplicates()
        frame.to_csv("iris.csv", index=False)
        ```
    Silent:
        As many outputs as species.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("iris.csv")
        x = torch.tensor(frame.drop(columns="species").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["species"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"}).drop_duplicates()
        frame.to_csv("iris.csv", index=False)
        ```
        The code asks whether it is the first species: two outputs for three classes.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("iris.csv")
        x = torch.tensor(frame.drop(columns="species").to_numpy(), dtype=torch.float32)
        y = torch.tensor((frame["species"] == 0).astype(int).to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"}).drop_duplicates()
        frame.to_csv("iris.csv", index=False)
        ```
    """
    target = data.target
    if target is None or target.task is not Task.CLASSIFICATION or len(target.classes) < 2:
        return
    uses = [(use, layer) for use in training_uses(recipe, LOSSES) if (layer := _head(use)) is not None]
    widths = {_width(layer) for _, layer in uses}
    if widths & _fitting(target.classes) or len(widths) > 1:
        return
    for use, layer in uses:
        if use.reconstructs or any(map(REGROUPING.fullmatch, target_steps(use, data))):
            continue
        defined = layer.operation.layer.place if layer.operation.layer else home(layer)
        yield Finding(
            defined,
            f"{_width(layer)} outputs for the {len(target.classes)} classes of '{target.column}'",
            f"give the last layer {len(target.classes)} outputs",
            (Step(use.place, f"{loss_api(use)} compares its outputs with the labels"),),
            subject=("classes", use.place),
        )


def _head(use: LossUse) -> Tensor | None:
    """The linear layer that gives a score for each class, one decision a sample; None for maps."""
    value = last_shaping(use.prediction)[0]
    if value.operation.kind in ACTIVATED and value.operation.inputs:
        value = last_shaping(value.operation.inputs[0])[0]
    if value.operation.kind != "linear" or use.prediction.shape.rank not in (2, None):
        return None
    return value if isinstance(_width(value), int) and _width(value) != 1 else None


def _width(layer: Tensor) -> int | None:
    size = layer.operation.attributes.get("out_features")
    return size if isinstance(size, int) else None


def _fitting(classes: tuple[str, ...]) -> set[int | None]:
    """Widths that serve these labels: one each, or up to the largest where they are numbers."""
    numbers = [int(label) for label in classes if label.lstrip("-").isdigit()]
    largest = {max(numbers) + 1} if len(numbers) == len(classes) else set()
    return {len(classes), *largest}
