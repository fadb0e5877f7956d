"""DS321: one feature tells the target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import ERROR, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Task
from nnlint.finding import Finding, Table
from nnlint_checks.data.matrix import judged
from nnlint_checks.data.values import about, flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

ROWS = 5_000
FEWEST_ROWS = 50
FEWEST_OF_CLASS = 5
SURE = 0.995
"""Mean recall of the classes from one feature alone. The odour of mushrooms, the best honest feature of the
well-known data sets, gives 0.985."""

OTHERS = 0.97
"""What the next feature must stay below: where several separate the classes, the classes are easy."""

RECODED = 2
"""Distinct values to classes up to which a feature can be the label under other names."""

LINEAR = 0.9998
"""Squared correlation with the target: a copy with 1.4 % noise. Opening and closing prices have 0.9995."""

MONOTONE = 0.995
"""Part of the neighbours in order of the feature that are in order of the target, too."""

LARGEST = 1e30
LEAST_DISTINCT = 8
LEAST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """How well one feature tells the target. ``copy``: it has few values, each of one class."""

    column: Column
    score: float
    copy: bool = False


@check("DS321", level=ERROR, over=("DS308", "DS309", "DS313", "DS401"))
def target_leak(data: Dataset) -> Iterator[Finding]:
    """One feature alone gives the target: a copy, a function of it, or something known only afterwards.

    Why: the network reads the answer there and learns nothing else; when it is used, that column is not
    known yet. The test score, which shares the leak, looks perfect.
    Source: Kaufman et al., "Leakage in Data Mining", TKDD 2012; deepchecks, "Feature Label Correlation";
    Kapoor, Narayanan, "Leakage and the reproducibility crisis", Patterns 2023.

    Fires:
        The label stands there a second time, in words.
        ```python generate
        # expect train.csv  error: [DS321]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["label"] = (frame["a"] + rng.normal(size=400) > 0).astype(int)
        frame["outcome_text"] = np.where(frame["label"] == 1, "left", "stayed")
        frame.to_csv("train.csv", index=False)
        ```
        The price in another currency.
        ```python generate
        # expect train.csv  error: [DS321]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["cost_in_euro"] = rng.normal(300, 50, 400)
        frame["target"] = (frame["cost_in_euro"] * 1.1).round(2)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Classes that lie far apart are told by several features.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        label = rng.integers(0, 2, 400)
        frame = pd.DataFrame(rng.normal(size=(400, 3)) + 8 * label[:, None], columns=["a", "b", "c"])
        frame["label"] = label
        frame.to_csv("train.csv", index=False)
        ```
        Nearly proportional.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["area"] = rng.normal(300, 50, 400)
        frame["target"] = frame["area"] * 1.1 + rng.normal(0, 3, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    frame = data.sample(data.train.role) if flat(data) and data.target else None
    if frame is None or data.target is None or data.target.column not in frame:
        return
    rows = frame[frame[data.target.column].notna()]
    rows = rows.sample(ROWS, random_state=0) if len(rows) > ROWS else rows
    columns = [c for c in judged(data, data.train) if c.name in rows and c.name not in data.identifiers]
    if len(rows) < FEWEST_ROWS:
        return
    classes = data.target.task is Task.CLASSIFICATION
    found = (_of_classes if classes else _of_quantity)(columns, rows, data.target.column)
    for told in found:
        what = "mean recall of the classes" if classes else "agreement"
        yield about(
            data,
            data.train,
            told.column.name,
            f"'{told.column.name[:30]}' alone gives '{data.target.column[:25]}' ({told.score:.1%} {what})",
            "drop the column if it is made from the target or known only after it",
            Table(("feature", what), ((told.column.name, f"{told.score:.2%}"),)),
        )


def _of_classes(columns: list[Column], rows: pd.DataFrame, target: str) -> list[Told]:
    """The features that alone tell the class, unless the classes are easy for several."""
    import pandas as pd

    codes, names = pd.factorize(rows[target])
    counts = pd.Series(codes).value_counts()
    if len(names) < 2 or len(names) > 0.1 * len(rows) or counts.min() < FEWEST_OF_CLASS:
        return []
    scored = [_class_score(c, rows[c.name], codes, len(names)) for c in columns]
    sure = [t for t in scored if t.score >= SURE]
    copies = [t for t in sure if t.copy]
    alone = len(columns) > len(sure) and all(t.score < OTHERS for t in scored if t.score < SURE)
    others = [t for t in sure if not t.copy]
    return copies + (others if alone and len(others) <= max(1, len(columns) // 3) else [])


def _class_score(column: Column, values: pd.Series[Any], codes: Array, classes: int) -> Told:
    """Mean recall when each row has the class that most of its neighbours along the feature have."""
    import numpy as np
    import pandas as pd

    keys, distinct = pd.factorize(values.astype(object).where(values.notna(), "\0"))
    fine = column.kind is Kind.NUMBER and len(distinct) > RECODED * classes
    if fine and not _in_runs(values.to_numpy(float), codes, classes):
        return Told(column, 0.0)
    if fine:
        keys = _intervals(values.to_numpy(float), codes, classes)
    table = np.zeros((int(keys.max()) + 1, classes))
    np.add.at(table, (keys, codes), 1)
    # What a group of one row says of itself is no evidence.
    table = table[table.sum(axis=1) > 1]
    right = np.bincount(table.argmax(axis=1), weights=table.max(axis=1), minlength=classes)
    score = float((right / np.bincount(codes, minlength=classes)).mean())
    return Told(column, score, copy=not fine and len(distinct) <= RECODED * classes)


def _in_runs(values: Array, codes: Array, classes: int) -> bool:
    """Whether few intervals of the feature may hold the classes with a recall of OTHERS: a quick look."""
    import numpy as np

    ordered = codes[np.lexsort((codes, values))]
    changes = int((ordered[1:] != ordered[:-1]).sum())
    wrong = (1 - OTHERS) * classes * len(codes)
    return changes <= 2 * _leaves(classes) + 2 * wrong


def _leaves(classes: int) -> int:
    return 2 * classes + 1


def _intervals(values: Array, codes: Array, classes: int) -> Array:
    """The leaf of each row in a tree over one feature with few leaves, none of them small."""
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    finite = np.clip(values, -LARGEST, LARGEST)  # the tree computes in float32
    column = np.nan_to_num(finite, nan=-2 * LARGEST)[:, None]
    tree = DecisionTreeClassifier(
        max_leaf_nodes=_leaves(classes), min_samples_leaf=3, class_weight="balanced"
    )
    leaves: Array = tree.fit(column, codes).apply(column)
    return leaves


def _of_quantity(columns: list[Column], rows: pd.DataFrame, target: str) -> list[Told]:
    """The features of which the target is a linear or rising function, exactly or nearly."""
    import numpy as np

    goal = rows[target]
    if goal.dtype.kind != "f" or goal.nunique() < LEAST_DISTINCT:
        return []
    found = []
    for column in columns:
        values = rows[column.name]
        there = values.notna() & np.isfinite(goal)
        if values.dtype.kind != "f" or there.sum() < max(FEWEST_ROWS, 0.8 * len(rows)):
            continue
        x, y = values[there].to_numpy(), goal[there].to_numpy()
        if len(np.unique(x)) < LEAST_GROUPS or not (np.isfinite(x).all() and x.std() and y.std()):
            continue
        score = max(float(np.corrcoef(x, y)[0, 1] ** 2), _ordered(x, y), _ordered(x, -y))
        if score >= LINEAR:
            found.append(Told(column, min(score, 1.0)))
    return found


def _ordered(x: Array, y: Array) -> float:
    """1 where the rows are in the order of ``y`` when they are put in that of ``x``, 0 where they are not."""
    import numpy as np

    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    first = np.flatnonzero(np.diff(x) > 0) + 1  # of each group of rows with one value, but the first group
    steps = y[first] - y[first - 1]
    if len(first) < LEAST_GROUPS or np.unique(y).size < LEAST_DISTINCT:
        return 0.0
    return 1.0 if float((steps >= 0).mean()) >= MONOTONE and (steps > 0).any() else 0.0
