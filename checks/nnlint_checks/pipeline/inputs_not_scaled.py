"""DP703: columns of a table go to a network as they stand in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Pipeline, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.cross.unscaled_into_network import first_weighted

TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".parquet")
PREPARED = re.compile(
    r"norm|scal|standard|process|clean|prepar|feature|embed|encod|pca|toy|synth|xor", re.IGNORECASE
)
"""Names of files whose columns have been brought to one scale, most likely, or were made so."""


@check("DP703", level=WARNING)
def inputs_not_scaled(
    network: Network, pipeline: Pipeline, recipe: Recipe, data: Dataset | None
) -> Iterator[Finding]:
    """Features go from the reader of a table to the first layer, and nothing on the way scales them.

    Why: initial weights and step sizes fit inputs of mean 0 and deviation 1. The columns with the largest
    figures decide the sums of the first layer alone, and training is slow or diverges.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.3; scikit-learn, "Importance
    of feature scaling".

    Fires:
        Straight from the file.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("houses.csv")
        X, y = df.drop(columns=["price"]).values, df["price"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(X_train, y_train, epochs=50, validation_split=0.2)  # warning: [DP703]
        ```
    Silent:
        A scaler that knows the training rows; a network that normalises its inputs.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler
        from tensorflow import keras

        df = pd.read_csv("houses.csv")
        X, y = df.drop(columns=["price"]).values, df["price"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        scaler = StandardScaler().fit(X_train)
        model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(scaler.transform(X_train), y_train, epochs=50, validation_split=0.2)
        ```
        ```python
        import pandas as pd
        from tensorflow import keras

        df = pd.read_csv("houses.csv")
        model = keras.Sequential(
            [keras.layers.BatchNormalization(), keras.layers.Dense(32, "relu"), keras.layers.Dense(1)]
        )
        model.compile(optimizer="adam", loss="mse")
        model.fit(df.drop(columns=["price"]).values, df["price"].values, epochs=50, validation_split=0.2)
        ```
    """
    tables = [(path, place) for path, place in pipeline.reads if path.lower().endswith(TABLES)]
    if data is not None or pipeline.scales is not False or not tables or len(tables) < len(pipeline.reads):
        return
    steps = any(event.did is Did.STEP for event in recipe.events)
    if not steps or any(PREPARED.search(path) for path, _ in tables):
        return
    fed = [pair.place for pair in pipeline.pairs if pair.api != "train_test_split"]
    first = first_weighted(network)
    if first is None:
        return
    yield Finding(
        fed[0] if fed else first.place,
        "nothing scales the features between the file and the network",
        "standardise the features with the mean and deviation of the training rows",
        trail=(
            Step(tables[0][1], "the table is read here"),
            Step(first.place, f"{network.name} takes its columns as they are: {first.kind} comes first"),
        ),
    )
