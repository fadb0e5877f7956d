"""DS406: one split is scaled and the other is not."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Split
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import pairs_of
from nnlint_checks.data.rescaling import AGREE, RATIO, Scaling, scaled

SHOWN = 6
VALUES = "values"
"""The profile of all single values of an array of rank 3 and more."""


@check("DS406", level=ERROR, over=("DS401",))
def scaling_mismatch(data: Dataset) -> Iterator[Finding]:
    """The values of a split have another scale than those of the training split.

    Why: the network meets inputs many times larger or smaller than those it has learned from; its units
    saturate or fall silent, and the metric on that split says nothing.
    Source: Kapoor, Narayanan, "Leakage and the Reproducibility Crisis", Patterns 2023, on preprocessing of
    splits apart; a scale is told from a shift by the shape: standardised values are distributed alike.

    Fires:
        The training rows are standardised, the test rows are as they were measured.
        ```python generate
        # expect test.csv  error: [DS406]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        train, test = frame[:135].copy(), frame[135:]
        features = [c for c in frame if c != "target"]
        train[features] = (train[features] - train[features].mean()) / train[features].std()
        train.to_csv("train.csv", index=False)
        test.to_csv("test.csv", index=False)
        ```
        Images as bytes in one array, as fractions in the other.
        ```python generate
        # expect X_test.npy  error: [DS406]
        # expect X_train.npy  warning: [DS311]
        import numpy as np

        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, size=(90, 8, 8, 3))
        np.save("X_train.npy", images[:60].astype("float32"))
        np.save("X_test.npy", (images[60:] / 255).astype("float32"))
        ```
    Silent:
        Both splits are scaled alike.
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        features = [c for c in frame if c != "target"]
        frame[features] = (frame[features] - frame[:135][features].mean()) / frame[:135][features].std()
        frame[:135].to_csv("train.csv", index=False)
        frame[135:].to_csv("test.csv", index=False)
        ```
        One value that is far out makes the deviation of its split large, not the scale of the column.
        ```python generate
        # expect test.csv  warning: [DS304]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.integers(0, 2, 300)
        frame.loc[250, "b"] = 95.0
        frame[:200].to_csv("train.csv", index=False)
        frame[200:].to_csv("test.csv", index=False)
        ```
    """
    if data.format == "images":
        return
    for split in data.splits:
        ours, theirs = data.train.column(VALUES), split.column(VALUES)
        if data.rank > 2 and ours is not None and theirs is not None and _apart(ours, theirs):
            yield _of_values(data, split, ours, theirs)
    if data.rank > 2:
        return
    for split, train, other in pairs_of(data):
        found = list(scaled(data, split, train, other).values())
        if found:
            yield _finding(data, split, found)


def _apart(ours: Column, theirs: Column) -> bool:
    """Whether two profiles differ by a factor or by standardising, but for which their ranges agree."""
    if not ours.deviation or not theirs.deviation:
        return False
    ratio = theirs.deviation / ours.deviation
    if 1 / RATIO < ratio < RATIO:
        return False
    pairs = zip(_ends(ours), _ends(theirs), strict=True)
    return all(abs(a - b) < (AGREE - 1) * max(abs(a), abs(b), 1.0) for a, b in pairs)


def _ends(column: Column) -> list[float]:
    """Smallest and largest value in deviations from the mean."""
    mean, deviation = column.mean or 0.0, column.deviation or 1.0
    return [((end or 0.0) - mean) / deviation for end in (column.minimum, column.maximum)]


def _of_values(data: Dataset, split: Split, ours: Column, theirs: Column) -> Finding:
    rows = [
        (role, *(f"{f or 0.0:,.4g}" for f in (c.mean, c.deviation, c.minimum, c.maximum)))
        for role, c in ((data.train.role, ours), (split.role, theirs))
    ]
    ratio = (theirs.deviation or 0.0) / (ours.deviation or 1.0)
    return Finding(
        Place(split.paths[0]),
        f"{split.role} values are scaled otherwise: their deviation is {ratio:,.3g} times that of training",
        "scale all splits alike",
        table=Table(("split", "mean", "deviation", "minimum", "maximum"), tuple(rows)),
        subject=(data.place.path, VALUES),
    )


def _finding(data: Dataset, split: Split, found: list[Scaling]) -> Finding:
    """One finding for all columns, about the one whose scale differs most."""
    found = sorted(found, key=lambda s: -max(s.ratio, 1 / s.ratio))
    worst = found[0]
    rows = tuple((s.column.name, *(f"{f:,.4g}" for f in (*s.train, *s.here))) for s in found[:SHOWN])
    what = f"column '{worst.column.name[:30]}'" if len(found) == 1 else f"{len(found)} columns"
    ratio = f"{worst.ratio:,.3g} times the training deviation"
    return Finding(
        Place(split.paths[0]),
        f"{what} of {split.role} scaled otherwise: {ratio}"
        + (f" in '{worst.column.name[:25]}'" if len(found) > 1 else ""),
        "scale all splits alike, with mean and deviation of the training rows",
        table=Table(("column", "train mean", "deviation", f"{split.role} mean", "deviation"), rows),
        subject=(data.place.path, worst.column.name),
    )
