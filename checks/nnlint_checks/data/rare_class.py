"""DS202: classes of a few rows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Task
from nnlint.finding import Finding, Table
from nnlint_checks.data.spelling import merged
from nnlint_checks.data.values import EXCERPT_ROWS, about, is_scale

SHOWN = 10

MANY = 5
"""Rare classes up to which they may be more than half of all; beyond, the labels are names or amounts."""


@check("DS202", level=WARNING)
def rare_class(data: Dataset, *, rows: int = 10) -> Iterator[Finding]:
    """A class has fewer than ten training rows.

    Why: a network cannot learn a class from a handful of rows, and a split or fold may hold none of them, so
    that its score is chance.
    Source: He, Garcia, "Learning from Imbalanced Data", TKDE 2009, absolute rarity; scikit-learn,
    StratifiedKFold (members of each class).
    Options: rows: training rows that each class should have.

    Fires:
        Four rows of one kind of three.
        ```python generate
        # expect train.csv  warning: [DS202]
        # expect train.csv  warning: [DS201]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(154, 3)), columns=["a", "b", "c"])
        frame["label"] = ["ash"] * 50 + ["oak"] * 100 + ["yew"] * 4
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Grades have rare ends by nature.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["target"] = np.clip(rng.normal(6, 0.9, 400).round(), 3, 9).astype(int)
        frame.to_csv("wine.csv", index=False)
        ```
    """
    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return
    column = data.train.column(data.target.column)
    if column is None or len(column.top) < 2 or column.rows <= EXCERPT_ROWS or is_scale(column):
        return
    rare = [(label, n) for label, n in merged(column.top) if n < rows]
    if not rare or len(rare) > max(MANY, 0.5 * len(column.top)):
        return
    label, fewest = rare[-1]
    also = f", and {len(rare) - 1} more classes fewer than {rows}" if len(rare) > 1 else ""
    yield about(
        data,
        data.train,
        column.name,
        f"class '{label[:25]}' has {fewest} training row{'s' if fewest > 1 else ''}{also}",
        "collect rows of this class, join it with another, or leave it out",
        Table(("class", "rows"), tuple((name, str(n)) for name, n in rare[::-1][:SHOWN])),
    )
