"""XC102: a loss that cannot take the targets that the data have."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Kind, Task
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.evidence.target import CLASS_NAMES, words
from nnlint.finding import Finding
from nnlint.network.lookback import home, last_shaping
from nnlint_checks.cross.joined import extremes, target_of
from nnlint_checks.data.values import is_scale
from nnlint_checks.head.training_losses import loss_api, training_uses

CLASS_NUMBERS = ("cross_entropy", "nll", "sparse_categorical_nll")
ZERO_ONE = ("bce", "bce_with_logits")
SQUARED = ("mse", "l1", "huber", "smooth_l1")

FEWEST_CLASSES = 3
"""Two classes as 0 and 1 under a squared error are the Brier score of a probability."""

SHOWN = 3
EDGE = 1e-6
"""Beyond 0 and 1 by rounding alone."""

Reason = tuple[str, str]


@check("XC102", level=ERROR, over=("XC103", "HL108", "XC101"))
def loss_against_targets(recipe: Recipe, data: Dataset) -> Iterator[Finding]:
    """The loss is made for other targets than the data have.

    Why: cross-entropy takes the number of a class, from 0 on; binary cross-entropy takes 0 and 1 (with -1 or
    2 it is unbounded below, and training runs away); a squared error takes the numbers of classes for
    amounts, so that the third is twice as far from the first as the second.
    Source: PyTorch documentation of CrossEntropyLoss (class indices in [0, C)) and BCEWithLogitsLoss (targets
    between 0 and 1); Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.1.3.

    Fires:
        Survival written as 1 and 2.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("patients.csv")
        x = torch.tensor(frame.drop(columns="outcome").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["outcome"].to_numpy(), dtype=torch.float32)
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)  # error: [XC102]
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200, 3)).round(3), columns=["age", "dose", "weight"])
        frame["outcome"] = (frame["dose"] + rng.normal(size=200) > 0).astype(int) + 1
        frame.to_csv("patients.csv", index=False)
        ```
        Labels from 1 to 3, and three outputs.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("wine.csv")
        x = torch.tensor(frame.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["cultivar"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)  # error: [XC102]
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
        frame["cultivar"] += 1
        frame.to_csv("wine.csv", index=False)
        ```
    Silent:
        The same labels, less one.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("wine.csv")
        x = torch.tensor(frame.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["cultivar"].to_numpy() - 1)
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
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
        frame["cultivar"] += 1
        frame.to_csv("wine.csv", index=False)
        ```
        Grades of wine are an order, and a regression predicts them.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("grades.csv")
        x = torch.tensor(frame[["acid", "sugar"]].to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["quality"].to_numpy(), dtype=torch.float32)
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
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
        frame = pd.DataFrame(rng.normal(size=(300, 2)).round(3), columns=["acid", "sugar"])
        frame["quality"] = np.clip((frame["acid"] * 2 + rng.normal(6, 0.5, 300)).round(), 3, 9).astype(int)
        frame.to_csv("grades.csv", index=False)
        ```
    """
    spoken: set[Place] = set()
    for use in training_uses(recipe, (*CLASS_NUMBERS, *ZERO_ONE, *SQUARED)):
        joined = target_of(use, data)
        if joined is None or use.place in spoken:
            continue
        reason = _reason(use, data, *joined)
        if reason is not None:
            spoken.add(use.place)
            yield Finding(
                use.place,
                f"{loss_api(use)} {reason[0]}",
                reason[1],
                (Step(Place(data.train.paths[0], part=f"column '{joined[0].name}'"), "the targets"),),
                subject=_subject(use),
            )


def _subject(use: LossUse) -> Hashable:
    if use.loss.kind in SQUARED:
        return ("head", home(last_shaping(use.prediction)[0]))
    return ("classes", use.place)


def _reason(use: LossUse, data: Dataset, column: Column, coded: bool) -> Reason | None:
    if use.loss.kind in CLASS_NUMBERS:
        return None if coded else _no_class_numbers(use, data, column)
    if use.loss.kind in ZERO_ONE:
        return _not_zero_one(use, data, column, coded)
    return _classes_as_amounts(data, column, coded)


def _no_class_numbers(use: LossUse, data: Dataset, column: Column) -> Reason | None:
    """Fractions, numbers below 0, or a last class that has no output because the labels start at 1."""
    bounds = extremes(data, column.name)
    if column.kind is not Kind.NUMBER or bounds is None:
        return None
    low, high = bounds
    if not column.integral:
        wanted = data.target is not None and data.target.task is Task.REGRESSION
        message = f"takes class numbers, but '{column.name}' holds fractions from {low:g} to {high:g}"
        return (message, "train a quantity with MSELoss or L1Loss and one output") if wanted else None
    ignored = use.loss.attributes.get("ignore_index", -100)
    if low < 0 and low != ignored:
        return f"takes classes from 0 on, but '{column.name}' starts at {low:g}", "number the classes from 0"
    width = use.prediction.shape.axis(-1) if use.prediction.shape.rank == 2 else None
    if low == 1 and isinstance(width, int) and high == width:
        message = f"takes classes 0 to {width - 1}, but '{column.name}' goes from 1 to {high:g}"
        return message, "subtract 1 from the labels"
    return None


def _not_zero_one(use: LossUse, data: Dataset, column: Column, coded: bool) -> Reason | None:
    """Values other than 0 and 1, or between them, for the one output."""
    if use.prediction.shape.axis(-1) not in (1, None) and use.prediction.shape.rank == 2:
        return None
    classes = data.target.classes if data.target is not None else ()
    if coded:
        message = f"tells two classes apart, '{column.name}' has {len(classes)}"
        return (message, "take cross-entropy with an output for each class") if len(classes) > 2 else None
    bounds = extremes(data, column.name)
    if column.kind is not Kind.NUMBER or bounds is None or (bounds[0] >= -EDGE and bounds[1] <= 1 + EDGE):
        return None
    few = ", ".join(classes[:SHOWN]) + (", …" if len(classes) > SHOWN else "")
    held = few if classes else f"values from {bounds[0]:g} to {bounds[1]:g}"
    if len(classes) == 2:
        return f"takes targets of 0 and 1, but '{column.name}' holds {held}", "map the labels to 0 and 1"
    return (
        f"takes targets from 0 to 1, but '{column.name}' holds {held}",
        "take cross-entropy for classes, or a squared error for a quantity",
    )


def _classes_as_amounts(data: Dataset, column: Column, coded: bool) -> Reason | None:
    """Numbers that name classes without an order: codes of texts, or labels called so."""
    classes = data.target.classes if data.target is not None else ()
    if len(classes) < FEWEST_CLASSES or is_scale(column):
        return None
    named = bool(set(words(column.name)) & CLASS_NAMES)
    if not ((coded and column.kind is not Kind.NUMBER) or (named and column.kind is Kind.NUMBER)):
        return None
    message = f"takes the {len(classes)} classes of '{column.name}' for amounts"
    return message, "take cross-entropy with an output for each class"
