"""DS201: one class far outnumbers another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Task
from nnlint.evidence.place import Place
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding, Table
from nnlint.pattern import pattern
from nnlint_checks.data.spelling import merged
from nnlint_checks.data.values import is_scale

SEVERE = 100
"""Beyond, always naming the larger class is right in 99 % of the rows."""

FEWEST_ROWS = 20
"""Below, a ratio beyond ten to one is two or three rows."""

BALANCING = pattern(
    r"class_?weights?|pos_?weights?|sample_?weights?|loss_?weights?|weighted|sampler|focal|smote|adasyn"
    r"|(over|under|re)_?sampl|balanc|imblearn|effective_number|ldam",
    re.IGNORECASE,
)
"""Words of programs that weigh classes or sample them evenly; ``stratify`` only keeps their shares."""

SHOWN = 10


@check("DS201", level=WARNING)
def class_imbalance(data: Dataset, recipe: Recipe | None, *, ratio: float = 10.0) -> Iterator[Finding]:
    """The largest class has more than ten times the rows of the smallest.

    Why: a network that always names the large class already has a high accuracy and a low loss; the gradient
    of the small class drowns, and accuracy does not show it. Beyond 100 to 1 this is an error, but for
    objects in images, which nobody can count out.
    Source: He, Garcia, "Learning from Imbalanced Data", TKDE 2009; Buda, Maki, Mazurowski, "A systematic
    study of the class imbalance problem in convolutional neural networks", 2018.
    Options: ratio: rows of the largest class to rows of the smallest.

    Fires:
        Eleven rows of one class to one of the other.
        ```python generate
        # expect churn.csv  warning: [DS201]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(360, 3)), columns=["a", "b", "c"])
        frame["label"] = ["stays"] * 330 + ["leaves"] * 30
        frame.to_csv("churn.csv", index=False)
        ```
        More than a hundred.
        ```python generate
        # expect fraud.csv  error: [DS201]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(2000, 3)), columns=["a", "b", "c"])
        frame["label"] = [1] * 12 + [0] * 1988
        frame.to_csv("fraud.csv", index=False)
        ```
    Silent:
        The loss weighs the small class.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("churn.csv")
        x = torch.tensor(frame.drop(columns="label").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["label"].to_numpy())
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        rare = torch.tensor([1.0, 11.0])
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y, weight=rare)
            print(loss.item())
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(360, 3)), columns=["a", "b", "c"])
        frame["label"] = [0] * 330 + [1] * 30
        frame.to_csv("churn.csv", index=False)
        ```
        Nine to one is common and learned.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = ["stays"] * 270 + ["leaves"] * 30
        frame.to_csv("churn.csv", index=False)
        ```
        Grades are whole numbers, but steps of a scale rather than classes.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["target"] = np.clip(rng.normal(6, 0.9, 400).round(), 3, 9).astype(int)
        frame.to_csv("wine.csv", index=False)
        ```
    """
    found = imbalance(data, ratio)
    if found is None or (recipe is not None and balanced(recipe)):
        return
    yield Finding(
        Place(data.train.paths[-1], part=f"column '{found.column.name}'"),
        f"{found.times:,.0f} to 1: {found.most:,} rows of class '{found.large[:20]}', {found.fewest:,} of "
        f"'{found.small[:20]}'",
        "weight the classes in the loss or sample them evenly, and measure F1 or recall, not accuracy",
        table=found.table,
        subject=(data.place.path, "target"),
        level=ERROR if found.times > SEVERE and data.format != "boxes" else None,
    )


def balanced(recipe: Recipe) -> bool:
    """Whether a program minds the balance of its classes: by weights, a sampler, or as its words say."""
    if any(map(BALANCING.search, recipe.words)) or any(map(weighs, recipe.losses)):
        return True
    return any(feed.loader.sampler for feed in recipe.feeds)


def weighs(use: LossUse) -> bool:
    """Whether a loss gives classes, or rows that are hard, a weight of their own."""
    return any(
        use.loss.attributes.get(name) is not None for name in ("weight", "pos_weight", "alpha", "gamma")
    )


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The largest and the smallest class of a target, with their rows."""

    column: Column
    large: str
    most: int
    small: str
    fewest: int

    @property
    def times(self) -> float:
        """Rows of the largest for each of the smallest."""
        return self.most / self.fewest

    @property
    def table(self) -> Table:
        """The classes with their shares."""
        return Table(("class", "rows", "share"), _rows(self.column))


def imbalance(data: Dataset, ratio: float) -> Imbalance | None:
    """The classes of the target where the largest has more than ``ratio`` times the rows of the smallest."""
    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return None
    column = data.train.column(data.target.column)
    if column is None or len(column.top) < 2 or column.rows < FEWEST_ROWS or is_scale(column):
        return None
    classes = merged(column.top)  # DS103 tells of several spellings of one class
    (large, most), (small, fewest) = classes[0], classes[-1]
    return Imbalance(column, large, most, small, fewest) if most > ratio * fewest else None


def _rows(column: Column) -> tuple[tuple[str, ...], ...]:
    shown = (
        column.top if len(column.top) <= SHOWN else (*column.top[: SHOWN // 2], *column.top[-SHOWN // 2 :])
    )
    return tuple((label, f"{n:,}", f"{n / column.rows:.2%}") for label, n in shown)
