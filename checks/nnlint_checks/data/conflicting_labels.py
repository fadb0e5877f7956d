"""DS102: the same row with different labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset, Split, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.conflicts import conflicts

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10


@check("DS102", level=ERROR)
def conflicting_labels(data: Dataset) -> Iterator[Finding]:
    """Rows with identical features have different labels.

    Why: no network can get both right, and the loss never falls below what the conflict costs. In a table
    of measurements the same row twice is a copy, so one of its labels is wrong.
    Source: Northcutt, Athalye, Mueller, "Pervasive Label Errors in Test Sets", NeurIPS 2021. How many
    equal rows chance gives is estimated from the columns' collision entropies.

    Fires:
        Five rows occur twice, the second time with another label.
        ```python generate
        # expect train.csv  error: [DS102]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
        frame["label"] = np.where(frame["a"] > 0, "yes", "no")
        again = frame.head(5).assign(label=np.where(frame["a"].head(5) > 0, "no", "yes"))
        pd.concat([frame, again]).to_csv("train.csv", index=False)
        ```
    Silent:
        Two answers of yes or no and one of a few: rows are equal by chance.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        columns = {"smokes": 2, "sports": 2, "region": 5}
        frame = pd.DataFrame({name: rng.integers(0, n, 200) for name, n in columns.items()})
        frame["label"] = rng.integers(0, 2, 200)
        frame.to_csv("train.csv", index=False)
        ```
        Rows that occur twice with the same label contradict nothing.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
        frame["label"] = np.where(frame["a"] + frame["b"] > 0, "yes", "no")
        pd.concat([frame, frame.head(1)]).to_csv("train.csv", index=False)
        ```
    """
    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return
    frame, target = data.sample(data.train.role), data.target.column
    if frame is None or target not in frame:
        return
    groups = conflicts(data, frame, target)
    if not groups:
        return
    rows = sum(len(g) for g in groups)
    yield Finding(
        Place(data.train.paths[-1], part=f"column '{target}'"),
        f"{rows:,} rows are equal in all features to a row with another '{target[:30]}'",
        "find the right label of each of these rows, or drop them",
        table=Table(("rows", "labels"), tuple(_row(data.train, g, target) for g in groups[:SHOWN])),
        subject=(data.place.path, "target"),
    )


def _row(split: Split, group: pd.DataFrame, target: str) -> tuple[str, str]:
    shown = group.head(4)
    where = ", ".join(_where(split, row) for row in shown.index)
    return where, ", ".join(str(label) for label in shown[target])


def _where(split: Split, row: object) -> str:
    if isinstance(row, str):
        return row
    place = split.locate(int(row))  # type: ignore[call-overload]
    return f"line {place.line}" if place.line else f"{place.part}"
