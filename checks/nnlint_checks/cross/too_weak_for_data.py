"""XC402: a linear model where what is to be learned is clearly not linear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset, Kind, Task
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Tensor
from nnlint.network.lookback import home, last_shaping
from nnlint.network.operations import Family, family
from nnlint_checks.cross.joined import target_of
from nnlint_checks.data.matrix import matrix
from nnlint_checks.head.training_losses import training_uses

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

LOSSES = (
    *("cross_entropy", "nll", "bce", "bce_with_logits", "sparse_categorical_nll"),
    *("mse", "l1", "huber", "smooth_l1"),
)
MARGIN = 0.1
"""Accuracy, or share of explained variance, by which a forest must be better than a linear model."""

ROWS = 2_000
FEWEST_ROWS = 100
FOLDS = 3
TREES = 60


@check("XC402", level=HINT)
def too_weak_for_data(recipe: Recipe, data: Dataset, *, margin: float = MARGIN) -> Iterator[Finding]:
    """The network is linear, and a forest does far better than a linear model on these data.

    Why: layers without an activation between them are one linear map, however many they are; no training
    makes it follow a curve or an interaction of features.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.1 (learning XOR).

    Options: margin: accuracy, or share of explained variance, by which a forest must be better (0.1).

    Fires:
        A ring around a disc, and one linear layer.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("rings.csv")
        x = torch.tensor(frame[["a", "b"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["ring"].to_numpy(), dtype=torch.float32)
        model = nn.Linear(2, 1)  # hint: [XC402]
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 2)).round(3), columns=["a", "b"])
        frame["ring"] = (frame["a"] ** 2 + frame["b"] ** 2 > 1.4).astype(int)
        frame.to_csv("rings.csv", index=False)
        ```
    Silent:
        One linear layer for what a line divides.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("sides.csv")
        x = torch.tensor(frame[["a", "b"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["right"].to_numpy(), dtype=torch.float32)
        model = nn.Linear(2, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 2)).round(3), columns=["a", "b"])
        frame["right"] = (frame["a"] + frame["b"] + rng.normal(0, 0.5, 400) > 0).astype(int)
        frame.to_csv("sides.csv", index=False)
        ```
    """
    flat = data.format == "table" or (data.format == "array" and data.rank <= 2)
    if not flat or data.target is None or data.train.rows < FEWEST_ROWS:
        return
    uses = [(use, head) for use in training_uses(recipe, LOSSES) if (head := _linear(use)) is not None]
    if not uses or target_of(uses[0][0], data) is None or _made_features(uses[0][1], data):
        return
    scores = _compared(data)
    if scores is None or scores[1] < scores[0] + margin:
        return
    use, head = uses[0]
    name = use.network.name if use.network else "the network"
    what = "accuracy" if data.target.task is Task.CLASSIFICATION else "R²"
    yield Finding(
        head.operation.layer.place if head.operation.layer else home(head),
        f"{name} is linear: {what} {scores[0]:.2f} for a linear model, {scores[1]:.2f} for a forest",
        "add a hidden layer with an activation",
        (Step(Place(data.train.paths[0]), f"cross-validated on {min(ROWS, data.train.rows):,} rows"),),
    )


def _linear(use: LossUse) -> Tensor | None:
    """The linear layer that gives the prediction, where nothing in the network bends anything before it."""
    network = use.network
    if network is None or not network.understood or use.reconstructs:
        return None
    head = last_shaping(use.prediction)[0]
    if family(head.operation) is Family.ACTIVATION and head.operation.inputs:
        head = last_shaping(head.operation.inputs[0])[0]
    return head if head.operation.kind == "linear" and _flat(network, head) else None


def _made_features(head: Tensor, data: Dataset) -> bool:
    """The layer reads more than the columns of numbers: products and powers of them, perhaps."""
    reads, features = head.operation.attributes.get("in_features"), set(data.features)
    numbers = all(c.kind in (Kind.NUMBER, Kind.BOOLEAN) for c in data.train.columns if c.name in features)
    return numbers and isinstance(reads, int) and reads > len(features) + len(data.identifiers)


def _flat(network: Network, head: Tensor) -> bool:
    before = [
        o for o in head.operation.inputs[0].ancestors() if any(o is mine for mine in network.operations)
    ]
    return all(o.kind == "linear" or family(o) in (Family.MOVE, Family.DROPOUT, Family.NORM) for o in before)


def _compared(data: Dataset) -> tuple[float, float] | None:
    """Cross-validated scores of a linear model and of a forest on a sample."""
    frame = data.sample(data.train.role)
    if frame is None or data.target is None or data.target.column not in frame:
        return None
    frame = frame[frame[data.target.column].notna()][:ROWS]
    features = matrix(data, frame)
    if features is None or len(frame) < FEWEST_ROWS:
        return None
    classify = data.target.task is Task.CLASSIFICATION
    labels = frame[data.target.column].to_numpy()
    if classify and min(frame[data.target.column].value_counts()) < FOLDS:
        return None
    return _scores(features, labels if classify else labels.astype(float), classify)


def _scores(features: Array, labels: Array, classify: bool) -> tuple[float, float]:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    leaves: dict[str, Any] = {"min_samples_leaf": 2, "random_state": 0}
    if classify:
        linear, trees = (
            LogisticRegression(max_iter=1000),
            ExtraTreesClassifier(TREES, min_samples_leaf=2, random_state=0),
        )
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    else:
        linear, trees = RidgeCV(), ExtraTreesRegressor(TREES, **leaves)
        folds = KFold(FOLDS, shuffle=True, random_state=0)
    # Matrices this small are slower on many threads, by tens of times where the processors are shared.
    with threadpool_limits(1):
        straight = cross_val_score(make_pipeline(StandardScaler(), linear), features, labels, cv=folds)
        bent = cross_val_score(trees, features, labels, cv=folds)
    return float(straight.mean()), float(bent.mean())
