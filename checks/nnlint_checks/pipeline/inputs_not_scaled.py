"""DP703: columns of a table, or pixels, go to a network as they stand in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Pipeline, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.pattern import pattern
from nnlint_checks.pipeline.first_weighted import first_weighted

TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".parquet", ".data")
PACKED = (".zip", ".gz", ".bz2", ".xz")
PREPARED = pattern(
    r"norm|scal|standard|process|clean|prepar|feature|embed|encod|pca|toy|synth|xor|iris|sonar|ionosphere",
    re.IGNORECASE,
)
"""Names of files whose columns have been brought to one scale, most likely, or were made so; and of public
tables that are of one scale: flowers in centimetres, echoes in [0, 1] and [-1, 1]."""
WIDE = 100.0
"""Values that lie this far apart, a hundred times what initial weights are made for, are not scaled."""
STANDARDISE = "standardise the features with the mean and deviation of the training rows"
PREPROCESS = "give the generator preprocessing_function=preprocess_input of the network"
DIVIDE = "divide the pixels by 255, or begin the network with a Rescaling layer"


@check("DP703", level=WARNING)
def inputs_not_scaled(
    network: Network, pipeline: Pipeline, recipe: Recipe, data: Dataset | None
) -> Iterator[Finding]:
    """Features or pixels go from where they are read to the first layer, and nothing on the way scales them.

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
        Pixels from 0 to 255.
        ```python
        from tensorflow import keras

        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        x_train = x_train.reshape(-1, 784).astype("float32")
        x_test = x_test.reshape(-1, 784).astype("float32")
        model = keras.Sequential([keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test))  # warning: [DP703]
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
        Pixels that are divided, by the program or by the first layer.
        ```python
        from tensorflow import keras

        (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
        model = keras.Sequential(
            [keras.layers.Rescaling(1.0 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test))
        plain = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
        plain.compile(optimizer="adam", loss=loss)
        plain.fit(x_train / 255.0, y_train, epochs=5, validation_data=(x_test / 255.0, y_test))
        ```
    """
    read = _set(pipeline) or _table(pipeline)
    first = first_weighted(network)
    steps = any(event.did is Did.STEP for event in recipe.events)
    if pipeline.scales is not False or read is None or first is None or not steps:
        return
    if data is not None and not (data.format == "images" and read.help == DIVIDE):
        return  # XC301 looks at the values themselves
    fed = [feed.place for feed in recipe.feeds if feed.purpose == "train"]
    fed += [pair.place for pair in pipeline.pairs if pair.api != "train_test_split"]
    backbone = first.attributes.get("scales") is False
    name = first.name if backbone else first.kind
    yield Finding(
        fed[0] if fed else first.place,
        read.message,
        PREPROCESS if backbone and read.help == DIVIDE else read.help,
        trail=(
            Step(read.place, read.label),
            Step(first.place, f"{network.name} takes them as they are: {name} comes first"),
        ),
    )


class Read(NamedTuple):
    """What nobody scales: where it is read, and what to say of it."""

    place: Place
    label: str
    message: str
    help: str


def _table(pipeline: Pipeline) -> Read | None:
    """A table, where nothing else is read, and no name says that it has been prepared."""
    tables = [(path, place) for path, place in pipeline.reads if _name(path).endswith(TABLES)]
    if not tables or len(tables) < len(pipeline.reads) or any(PREPARED.search(path) for path, _ in tables):
        return None
    message = "nothing scales the features between the file and the network"
    return Read(tables[0][1], "the table is read here", message, STANDARDISE)


def _name(path: str) -> str:
    """A path without what compression adds to it."""
    name = path.lower()
    return name.rpartition(".")[0] if name.endswith(PACKED) else name


def _set(pipeline: Pipeline) -> Read | None:
    """A set of a library whose values are known to lie far apart."""
    wide = [span for span in pipeline.spans if span.high - span.low >= WIDE]
    if not wide:
        return None
    span = wide[0]
    what = "pixels" if span.pixels else "features"
    message = f"{what} of {span.api} go into the network as they are, from {span.low:g} to {span.high:g}"
    return Read(span.place, "they are read here", message, DIVIDE if span.pixels else STANDARDISE)
