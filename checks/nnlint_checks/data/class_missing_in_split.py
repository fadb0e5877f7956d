"""DS203: a class that one split does not have."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset, Split, Task
from nnlint.finding import Finding, Table
from nnlint_checks.data.values import EXCERPT_ROWS, about

OPEN_SET = 20
"""Classes from which on splits without a common class are meant so: people to be recognised."""

UNSEEN = 0.05
"""Chance that a random division gives all rows of a class to the side that is not trained on; such a class
is lost in any case, so that less certainty is asked for than when a test split lacks it."""


@check("DS203", level=ERROR, over=("DS202", "DS403", "DS405", "DS506"))
def class_missing_in_split(data: Dataset, *, significance: float = 0.001) -> Iterator[Finding]:
    """A class stands in one split only.

    Why: the network never sees a class that training rows lack, and is never tested on one that test rows
    lack. Mostly a sorted file was cut in two, or the labels of the splits are coded differently.
    Source: scikit-learn, "Cross-validation iterators with stratification based on class labels". Of m rows of
    a class all fall to a split of share s with probability s ** m.
    Options: significance: chance of a test split without a class by a random division.

    Fires:
        A sorted file was cut in two.
        ```python generate
        # expect test.csv  error: [DS203]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = np.repeat(["ash", "oak", "yew"], [110, 110, 80])
        first = frame[frame["label"] != "yew"]
        first[::2].to_csv("train.csv", index=False)
        pd.concat([first[1::2], frame[frame["label"] == "yew"]]).to_csv("test.csv", index=False)
        ```
    Silent:
        The only row of a rare class falls to the training rows.
        ```python generate
        # expect train.csv  warning: [DS202]
        # expect train.csv  error: [DS201]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(301, 3)), columns=["a", "b", "c"])
        frame["label"] = [*rng.choice(["ash", "oak"], 300), "yew"]
        frame[100:].to_csv("train.csv", index=False)
        frame[:100].to_csv("test.csv", index=False)
        ```
    """
    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return
    name, train = data.target.column, data.train
    ours = _counts(train, name)
    for split in data.splits:
        theirs = _counts(split, name)
        if split is train or not ours or not theirs:
            continue
        if not ours.keys() & theirs.keys() and min(len(ours), len(theirs)) >= OPEN_SET:
            continue
        share = sum(theirs.values()) / (sum(theirs.values()) + sum(ours.values()))
        unseen = {c: n for c, n in theirs.items() if c not in ours and share**n < UNSEEN}
        lacking = {c: n for c, n in ours.items() if c not in theirs and (1 - share) ** n < significance}
        unseen_rows = sum(unseen.values())
        if unseen:
            yield _finding(
                data, split, f"no training row, but {unseen_rows:,} {split.role} rows,", unseen, ours, theirs
            )
        elif lacking:
            yield _finding(data, split, f"no {split.role} row", lacking, ours, theirs)


def _counts(split: Split, name: str) -> dict[str, int]:
    """Rows of each class; none where the split has no labels, or too few rows to have all."""
    column = split.column(name)
    if column is None or column.rows <= EXCERPT_ROWS or column.missing > 0.5 * column.rows:
        return {}
    return {label: n for label, n in column.top if n}


def _finding(
    data: Dataset,
    split: Split,
    where: str,
    missing: dict[str, int],
    ours: dict[str, int],
    theirs: dict[str, int],
) -> Finding:
    label = max(missing, key=lambda c: missing[c])
    also = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    rows = tuple((c, f"{ours.get(c, 0):,}", f"{theirs.get(c, 0):,}") for c in list(missing)[:10])
    return about(
        data,
        split,
        data.target.column if data.target else "",
        f"{where} of class '{label[:25]}'{also}",
        "divide the rows anew, stratified by class, or map the labels of both splits alike",
        Table(("class", "train", split.role), rows),
    )
