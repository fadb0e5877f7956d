"""XC201: classes that are far from balanced, in a program that takes no notice of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.data.class_imbalance import SEVERE, balanced, imbalance, weighs
from nnlint_checks.head.training_losses import loss_api, training_uses

LOSSES = (
    *("cross_entropy", "nll", "sparse_categorical_nll", "categorical_nll", "categorical_cross_entropy"),
    *("bce", "bce_with_logits"),
)
ACCURACY = pattern(r"(^|_)(acc|accs|accuracy|accuracies|correct|hits|top1)(_|$)|accuracy", re.IGNORECASE)
OTHER_METRICS = pattern(
    r"f1|fbeta|recall|precision|\bauc|auroc|roc_|auprc|kappa|mcc|matthews|confusion|classification_report"
    r"|sensitivity|specificity|brier|jaccard|iou|dice|\bAP\b|average_precision",
    re.IGNORECASE,
)


@check("XC201", level=WARNING, over=("DS201",))
def imbalance_ignored(recipe: Recipe, data: Dataset, *, ratio: float = 10.0) -> Iterator[Finding]:
    """The classes are unbalanced; loss, loader and metric treat them as if they were not.

    Why: always naming the large class is nearly right by accuracy and by an unweighted loss, so that is what
    the network learns, and no figure of the program shows it.
    Source: He, Garcia, "Learning from Imbalanced Data", TKDE 2009; Buda, Maki, Mazurowski, "A systematic
    study of the class imbalance problem in convolutional neural networks", 2018.

    Options: ratio: rows of the largest class to rows of the smallest (10).

    Fires:
        One of thirty customers leaves, and accuracy is the only figure.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("customers.csv")
        x = torch.tensor(frame.drop(columns="left").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["left"].to_numpy())
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        train, test = slice(0, 500), slice(500, None)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[train]), y[train])  # warning: [XC201]
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                accuracy = (model(x[test]).argmax(dim=1) == y[test]).float().mean()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(600, 3)).round(3), columns=["calls", "months", "price"])
        frame["left"] = (frame["calls"] + rng.normal(0, 0.5, 600) > 2.05).astype(int)
        frame.to_csv("customers.csv", index=False)
        ```
    Silent:
        The rare class weighs more.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("customers.csv")
        x = torch.tensor(frame.drop(columns="left").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["left"].to_numpy())
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        train, test = slice(0, 500), slice(500, None)
        class_weight = torch.tensor([1.0, 8.0])
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[train]), y[train], weight=class_weight)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                accuracy = (model(x[test]).argmax(dim=1) == y[test]).float().mean()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(600, 3)).round(3), columns=["calls", "months", "price"])
        frame["left"] = (frame["calls"] + rng.normal(0, 0.5, 600) > 2.05).astype(int)
        frame.to_csv("customers.csv", index=False)
        ```
    """
    found = imbalance(data, ratio)
    if found is None or not _only_accuracy(recipe):
        return
    for use in training_uses(recipe, LOSSES):
        if weighs(use) or use.reconstructs or _other_target(use, data):
            return
        yield Finding(
            use.place,
            f"{loss_api(use)} weighs all rows alike, with {found.times:,.0f} rows of "
            f"'{found.large[:20]}' to one of '{found.small[:20]}'",
            "weight the classes in the loss or sample them evenly, and measure F1 or recall, not accuracy",
            (Step(Place(data.train.paths[-1], part=f"column '{found.column.name}'"), "the labels"),),
            table=found.table,
            subject=(data.place.path, "target"),
            level=ERROR if found.times > SEVERE else None,
        )
        return


def _only_accuracy(recipe: Recipe) -> bool:
    """Whether the words of the program speak of accuracy, and of nothing that minds the balance."""
    words = recipe.words
    if recipe.unread or balanced(recipe) or any(map(OTHER_METRICS.search, words)):
        return False
    return any(map(ACCURACY.search, words))


def _other_target(use: LossUse, data: Dataset) -> bool:
    """The loss takes another column than the unbalanced one, or one that was made of it."""
    if use.taken is None or data.target is None:
        return False
    return data.picked(use.taken.columns) not in (None, (data.target.column,))
