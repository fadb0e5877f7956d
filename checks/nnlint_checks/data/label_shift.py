"""DS403: the target is distributed otherwise in another split."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Split, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import EFFECT, SIGNIFICANCE, Shift, target_shift


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
    alarm in one split; ten times that for a class by itself, by Fisher's exact test.

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
        shift = None if split is data.train else target_shift(data, split)
        if shift is not None and shift.beyond(effect, significance):
            yield _finding(data, split, shift)


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
