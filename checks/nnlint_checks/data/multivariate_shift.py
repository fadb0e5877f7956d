"""DS402: splits whose columns look alike one by one, but not together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import pairs_of, runs_on, shifts, significant
from nnlint_checks.data.matrix import judged, labelled
from nnlint_checks.data.rescaling import scaled
from nnlint_checks.data.telling import ROWS, Told, told_apart

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 6


@check("DS402", level=WARNING, over=("DS411",))
def multivariate_shift(data: Dataset, *, auc: float = 0.55, deviations: float = 4.0) -> Iterator[Finding]:
    """A classifier tells the rows of two splits apart, although no single column differs.

    Why: the columns depend on each other in another way (a unit or sign that changed, two sources that
    were joined), so a network meets rows in the test split that training never shows.
    Source: Lopez-Paz, Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017. Measured over random
    divisions of six data sets; the naive interval of the AUC is too narrow, so the spread is taken from
    shuffled memberships.
    Options: auc: least out-of-fold area under the ROC curve. deviations: above its mean under shuffling.

    Fires:
        Two columns that grow together do so no more in the test rows.
        ```python generate
        # expect test.csv  warning: [DS402]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"height": rng.normal(170, 10, 500), "age": rng.normal(40, 9, 500)})
        frame["weight"] = 0.9 * frame["height"] - 80 + rng.normal(0, 4, 500)
        frame["label"] = rng.integers(0, 2, 500)
        train, test = frame[:300], frame[300:].copy()
        test["weight"] = 146 - test["weight"]
        train.to_csv("train.csv", index=False)
        test.to_csv("test.csv", index=False)
        ```
    Silent:
        A random division.
        ```python generate
        from sklearn.datasets import load_breast_cancer

        frame = load_breast_cancer(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:400].to_csv("train.csv", index=False)
        frame[400:].to_csv("test.csv", index=False)
        ```
        Rows that follow one another in time, the same in all else.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
        frame["week"] = np.arange(400) // 8
        frame["label"] = rng.integers(0, 2, 400)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
    """
    if data.rank > 2 or data.format == "images":
        return
    plain = replace(data, features=tuple(c.name for c in judged(data, data.train) if not runs_on(c)))
    for split, train, other in pairs_of(data):
        single = significant(shifts(data, split, train, other))
        if single or scaled(data, split, train, other):
            continue  # DS401, DS406: a column that differs draws those after it that depend on it
        differ = {c.name for c in split.columns if _kind(data.train, c.name) is not c.kind}  # DS404
        alike = replace(plain, features=tuple(n for n in plain.features if n not in differ))
        found = _compared(alike, train, other, auc)
        if found is not None and found[0].deviations >= deviations:
            yield _finding(data, split, *found)


def _kind(split: Split, name: str) -> Kind | None:
    column = split.column(name)
    return None if column is None else column.kind


def _compared(
    data: Dataset, train: pd.DataFrame, other: pd.DataFrame, least: float
) -> tuple[Told, list[str]] | None:
    """The test on a bounded number of rows of both, with the names of the matrix's columns."""
    import numpy as np
    import pandas as pd

    part = min(1.0, ROWS / (len(train) + len(other)))
    ours, theirs = (f.sample(frac=part, random_state=0) if part < 1 else f for f in (train, other))
    shared = tuple(n for n in data.features if n in theirs)
    found = labelled(replace(data, features=shared), pd.concat([ours, theirs]))
    if found is None or min(len(ours), len(theirs)) < 40 or found[0].shape[1] < 2:
        return None
    there = np.repeat([0, 1], [len(ours), len(theirs)])
    told = told_apart(found[0], there, least)
    return None if told is None else (told, found[1])


def _finding(data: Dataset, split: Split, told: Told, names: list[str]) -> Finding:
    losses: dict[str, float] = {}
    for name, loss in zip(names, told.losses, strict=True):
        losses[name] = losses.get(name, 0.0) + float(loss)
    ranked = sorted((n for n in losses if losses[n] > 0), key=lambda n: -losses[n])[:SHOWN]
    named = " by " + ", ".join(f"'{n[:15]}'" for n in ranked[:2]) if ranked else ""
    return Finding(
        Place(split.paths[0]),
        f"rows of {split.role} can be told from {data.train.role}{named} (AUC {told.auc:.2f})",
        "look at how these columns depend on each other in both splits, and divide the rows at random",
        table=Table(("column", "AUC without it"), tuple((n, f"{told.auc - losses[n]:.2f}") for n in ranked)),
        subject=(data.place.path, split.role, "relation"),
    )
