"""DS403: the target is distributed otherwise in another split."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Split, Target, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import EFFECT, FEWEST_ROWS, SIGNIFICANCE, Shift, compared, counted


@check("DS403", level=WARNING)
def label_shift(
    data: Dataset, *, effect: float = EFFECT, significance: float = SIGNIFICANCE
) -> Iterator[Finding]:
    """Classes, or values to be predicted, are more frequent in one split than in another.

    Why: the network learns how frequent each class is; where that differs, its probabilities are off and
    its accuracy on the other split is not what it will be in use. Stratified divisions do not differ.
    Source: Lipton, Wang, Smola, "Detecting and Correcting for Label Shift", ICML 2018. Test by chi
    squared or Kolmogorov and Smirnov, with an effect size. Classes that a split lacks are another
    check's business: only those are compared that both splits have.
    Options: effect: least Cramér's V, or Kolmogorov-Smirnov distance. significance: chance of a false
    alarm in one split.

    Fires:
        Half of the test rows are ill, of the training rows one in five.
        ```python generate
        # expect test.csv  warning: [DS403]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "c"])
        frame["diagnosis"] = rng.random(600) < np.repeat([0.2, 0.5], [400, 200])
        frame[:400].to_csv("train.csv", index=False)
        frame[400:].to_csv("test.csv", index=False)
        ```
    Silent:
        A random division of a small table: classes differ by chance.
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=3)
        frame[:135].to_csv("train.csv", index=False)
        frame[135:].to_csv("test.csv", index=False)
        ```
        A random division of a large table.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(6000, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.integers(0, 3, 6000)
        frame[:4000].to_csv("train.csv", index=False)
        frame[4000:].to_csv("test.csv", index=False)
        ```
    """
    if data.target is None:
        return
    for split in data.splits:
        column = data.train.column(data.target.column)
        twin = split.column(data.target.column)
        if split is data.train or column is None or twin is None or twin.kind is not column.kind:
            continue
        shift = _shift(data, split, column, twin, data.target)
        if shift is not None and shift.effect >= effect and shift.chance < significance:
            yield _finding(data, split, shift)


def _shift(data: Dataset, split: Split, column: Column, twin: Column, target: Target) -> Shift | None:
    """Classes are counted over all rows, quantities compared by a sample."""
    if target.task is Task.CLASSIFICATION:
        ours, theirs = dict(column.top), dict(twin.top)
        shared = [label for label in ours if label in theirs]
        rows = [sum(counts[label] for label in shared) for counts in (ours, theirs)]
        if len(shared) < 2 or min(rows) < FEWEST_ROWS:
            return None
        return counted(column, {label: (ours[label], theirs[label]) for label in shared})
    samples = [data.sample(s.role) for s in (data.train, split)]
    if any(s is None or target.column not in s for s in samples):
        return None
    return compared(column, samples[0][target.column], samples[1][target.column])  # type: ignore[index]


def _finding(data: Dataset, split: Split, shift: Shift) -> Finding:
    name = shift.column.name
    if data.target is not None and data.target.task is Task.CLASSIFICATION:
        label, ours, theirs = shift.rows[0]
        what = f"class '{label[:25]}' is {theirs} of {split.role} and {ours} of {data.train.role} rows"
    else:
        what = f"target '{name[:25]}' differs from {data.train.role}: KS distance {shift.effect:.2f}"
    return Finding(
        Place(split.paths[-1], part=f"column '{name}'"),
        what,
        "divide the rows at random, stratified by the target, or weight them as they will be in use",
        table=Table(shift.header, shift.rows),
        subject=(data.place.path, name),
    )
