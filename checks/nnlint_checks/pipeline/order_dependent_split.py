"""DP707: which rows are held out follows from their order, or goes against it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Pipeline, SplitUse
from nnlint.finding import Finding

AT_RANDOM = frozenset({"train_test_split", "random_split"})


@check("DP707", level=WARNING)
def order_dependent_split(pipeline: Pipeline) -> Iterator[Finding]:
    """The last rows are held out of data in the order of its labels, or windows of a series at random.

    Why: where rows come class by class, the last fifth is one class: it is never trained on, and nothing else
    is tested. Windows of a series share most of their values with their neighbours; drawn at random, the test
    windows have been seen in training.
    Source: scikit-learn, "Cross-validation", 3.1.3 and 3.1.2.6 (time series split); Cerqueira, Torgo and
    Mozetic 2020, "Evaluating time series forecasting models".

    Fires:
        The last 30 flowers are all of one kind.
        ```python
        from sklearn.datasets import load_iris

        iris = load_iris()
        X_train, y_train = iris.data[:120], iris.target[:120]  # warning: [DP707]
        X_test, y_test = iris.data[120:], iris.target[120:]
        ```
        Windows that overlap, split at random.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split

        series = pd.read_csv("load.csv")["load"].values
        X, y = [], []
        for i in range(len(series) - 24):
            X.append(series[i : i + 24])
            y.append(series[i + 24])
        X, y = np.array(X), np.array(y)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)  # warning: [DP707]
        ```
    Silent:
        Shuffled first; windows split by time.
        ```python
        from sklearn.datasets import load_iris
        from sklearn.model_selection import train_test_split
        from sklearn.utils import shuffle

        iris = load_iris()
        X, y = shuffle(iris.data, iris.target, random_state=0)
        X_train, X_test = X[:120], X[120:]
        X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, stratify=iris.target)
        ```
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split

        series = pd.read_csv("load.csv")["load"].values
        X, y = [], []
        for i in range(len(series) - 24):
            X.append(series[i : i + 24])
            y.append(series[i + 24])
        X, y = np.array(X), np.array(y)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, shuffle=False)
        ```
    """
    seen: set[Place] = set()
    for split in pipeline.splits:
        finding = _windows(split) or _sorted(split, pipeline.target)
        if finding is not None and finding.place not in seen:
            seen.add(finding.place)
            yield finding


def _windows(split: SplitUse) -> Finding | None:
    if split.api not in AT_RANDOM or split.windows is None or split.shuffled is not True:
        return None
    return Finding(
        split.place,
        f"{split.api} draws overlapping windows at random: test values were seen in training",
        "split by time: the first part for training, the last for the test (shuffle=False)",
        trail=(Step(split.windows, "each window overlaps the next"),),
        subject=("split", split.place),
    )


def _sorted(split: SplitUse, target: str) -> Finding | None:
    if split.shuffled is not False or not split.sorted_by or split.sorted_by not in ("*", target):
        return None
    by = "their label" if split.sorted_by == "*" else f"'{split.sorted_by}'"
    return Finding(
        split.place,
        f"the last rows are held out, and rows come in the order of {by}: classes are missing",
        "use train_test_split with shuffle and stratify",
        trail=(Step(split.rows.place, "the rows are read here"),),
        subject=("split", split.place),
    )
