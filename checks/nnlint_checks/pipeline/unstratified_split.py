"""DP709: classes are divided between training and test by chance."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, SAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Pipeline, Recipe, SplitUse
from nnlint.finding import Finding
from nnlint.repair import Argument, Repair, SetArgument

ONE_OF_MANY = frozenset(
    {"cross_entropy", "nll", "sparse_categorical_nll", "categorical_nll", "categorical_cross_entropy"}
)
BINARY = frozenset({"bce", "bce_with_logits"})
"""Losses of one class of two where the network has one output; with more outputs each is a label."""


@check("DP709", level=HINT, fix=SAFE)
def unstratified_split(pipeline: Pipeline, recipe: Recipe) -> Iterator[Finding]:
    """``train_test_split`` of a classification without ``stratify``.

    Why: by chance a rare class gets more or fewer test samples than its share, or none. The test figure then
    moves by some points from one seed to the next.
    Source: scikit-learn documentation of train_test_split and "Cross-validation", 3.1.2.2 (stratification).

    Fires:
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("cells.csv")
        X, y = df.drop(columns="kind").values, df["kind"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)  # hint: [DP709]
        model = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X_train, y_train, epochs=20, validation_split=0.1)
        ```
        ```diff
        -X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        +X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y)
        ```
    Silent:
        Stratified; a regression has no classes.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("cells.csv")
        X, y = df.drop(columns="kind").values, df["kind"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y)
        model = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X_train, y_train, epochs=20, validation_split=0.1)
        ```
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("houses.csv")
        X, y = df.drop(columns="price").values, df["price"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        model = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(X_train, y_train, epochs=20, validation_split=0.1)
        ```
    """
    trained = [use for use in recipe.losses if use.trained is True]
    if not trained or not all(map(_tells_classes, trained)) or recipe.ordered:
        return
    seen: set[Place] = set()
    pairs = {pair.place for pair in pipeline.pairs if pair.api == "train_test_split"}
    for split in pipeline.splits:
        if _by_chance(split) and split.place in pairs and split.place not in seen:
            seen.add(split.place)
            labels = Argument(split.place, 1)
            yield Finding(
                split.place,
                "train_test_split of a classification without stratify: parts differ in their classes",
                "pass stratify=, with the labels",
                trail=(Step(trained[0].place, "the loss tells classes apart"),),
                subject=("split", split.place),
                repairs=(Repair((SetArgument(split.place, "stratify", (labels,)),)),)
                if split.given == 2
                else (),
            )


def _by_chance(split: SplitUse) -> bool:
    return split.api == "train_test_split" and split.stratified is False and split.shuffled is True


def _tells_classes(use: LossUse) -> bool:
    """Each sample is of exactly one class."""
    outputs = use.prediction.shape.sizes[-1] if use.prediction.shape.rank else None
    rank = use.prediction.shape.rank
    if use.loss.kind in BINARY:
        return rank == 1 or (rank == 2 and outputs == 1)
    return use.loss.kind in ONE_OF_MANY and rank in (None, 2)
