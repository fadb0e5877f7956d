"""DP715: rows of features meet labels of other rows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.pairs import Misordered, Pair
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Pipeline, Rows, SplitUse
from nnlint.finding import Finding


@check("DP715", level=ERROR)
def pairs_broken(pipeline: Pipeline) -> Iterator[Finding]:
    """Features and labels are shuffled, sorted, filtered or split apart from each other.

    Why: each sample then has the label of another one. The loss stays at chance, and nothing fails.
    Source: NumPy documentation of random.shuffle (in place, one array); scikit-learn documentation of
    train_test_split (several arrays at once).

    Fires:
        Only the features are shuffled.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("wine.csv")
        X, y = df.drop(columns="quality").values, df["quality"].values
        np.random.shuffle(X)  # error: [DP715]
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        ```
        Each is shuffled by itself.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split

        np.random.seed(0)
        df = pd.read_csv("wine.csv")
        X, y = df.drop(columns="quality").values, df["quality"].values
        np.random.shuffle(X)  # error: [DP715]
        np.random.shuffle(y)
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        ```
        The parts come in another order.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("wine.csv")
        X, y = df.drop(columns="quality").values / 10, df["quality"].values
        X_train, y_train, X_test, y_test = train_test_split(X, y)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.fit(X_train, y_test, epochs=5)  # error: [DP715]
        ```
    Silent:
        Both are shuffled from the same seed.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("wine.csv")
        X, y = df.drop(columns="quality").values, df["quality"].values
        np.random.seed(0)
        np.random.shuffle(X)
        np.random.seed(0)
        np.random.shuffle(y)
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        ```
        One permutation for both, one seed for two splits; labels follow the index.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.utils import shuffle

        df = pd.read_csv("wine.csv").sample(frac=1.0)
        X, y = df.drop(columns="quality"), df["quality"]
        X = X.dropna()
        y = y.loc[X.index]
        X, y = shuffle(X.values, y.values)
        order = np.random.permutation(len(X))
        X, y = X[order], y[order]
        X_train, X_test = train_test_split(X, random_state=1)
        y_train, y_test = train_test_split(y, random_state=1)
        ```
    """
    splits = {rows.key: s for s in pipeline.splits if s.api == "train_test_split" for rows in s.parts}
    seen: set[Place] = set()
    for wrong in pipeline.misordered:
        if wrong.place not in seen and wrong.predicted not in seen:
            seen |= {wrong.place, wrong.predicted}
            yield _of_files(wrong)
    for pair in pipeline.pairs:
        found = _order(pair) or _parts(pair, splits) or _slices(pair)
        cause = found.trail[0].place if found is not None else None
        if found is not None and cause is not None and not {found.place, cause} & seen:
            seen |= {found.place, cause}
            yield found


def _of_files(wrong: Misordered) -> Finding:
    return Finding(
        wrong.place,
        f"predictions of a shuffled generator meet its {wrong.labels}, which keep the order of the files",
        "make the generator that is predicted from with shuffle=False",
        trail=(Step(wrong.predicted, "predicted here, in the shuffled order"),),
    )


def _root(rows: Rows) -> int:
    while rows.parent is not None:
        rows = rows.parent
    return rows.key


def _order(pair: Pair) -> Finding | None:
    """One of both was brought into another order, or lost rows."""
    first = [step for step, _ in pair.features_order]
    second = [step for step, _ in pair.labels_order]
    if first == second or not (_drawn(pair) or _root(pair.features) == _root(pair.labels)):
        return None
    if first and len(first) == len(second) and not _drawn(pair):
        return None  # perhaps shuffled from one seed
    odd = [(place, "features") for step, place in pair.features_order if step not in second]
    odd += [(place, "labels") for step, place in pair.labels_order if step not in first]
    if not odd:
        return None
    place, which = odd[0]
    other = "labels" if which == "features" else "features"
    return Finding(
        place,
        f"the order of the {which} is changed, and that of the {other} is not",
        "change both by one index, or shuffle them together",
        trail=(Step(pair.place, "here they are taken to belong together"),),
    )


def _drawn(pair: Pair) -> bool:
    """What was done to one of both alone is shuffling by NumPy's own generator, whose seeds are known."""
    steps = [step for step, _ in (*pair.features_order, *pair.labels_order)]
    return all(isinstance(step, tuple) and step[0] == "drawn" for step in steps if steps.count(step) == 1)


def _slices(pair: Pair) -> Finding | None:
    """``TensorDataset(X[:n], y[n:])``."""
    if not pair.apart:
        return None
    return Finding(
        pair.place,
        f"{pair.api}: features and labels are different rows, one begins where the other ends",
        "take the same slice of both",
        trail=(Step(pair.features.place, "these rows"), Step(pair.labels.place, "and these")),
    )


def _parts(pair: Pair, splits: dict[int, SplitUse]) -> Finding | None:
    """Features and labels are different parts of the same rows."""
    first, second = splits.get(pair.features.key), splits.get(pair.labels.key)
    if first is None or second is None or pair.features.key == pair.labels.key:
        return None
    if first.rows.key != second.rows.key:
        return None
    said = "two splits" if first is not second else "one split"
    return Finding(
        pair.place,
        f"{pair.api}: features and labels are different rows, parts of {said}",
        "split both in one call, and unpack X_train, X_test, y_train, y_test",
        trail=tuple(dict.fromkeys(Step(s.place, "split here") for s in (first, second))),
    )
