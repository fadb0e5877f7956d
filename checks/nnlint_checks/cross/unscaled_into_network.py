"""XC301: features of very different scales reach a network that does not normalise them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Pipeline
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.data.scaling import STANDARDISE, unscaled
from nnlint_checks.pipeline.first_weighted import first_weighted


@check("XC301", level=ERROR, over=("DS311",))
def unscaled_into_network(network: Network, pipeline: Pipeline, data: Dataset) -> Iterator[Finding]:
    """Raw features of very different or very large scales go straight into the first layer.

    Why: initial weights and step sizes fit inputs of mean 0 and deviation 1. A feature a hundred times larger
    decides the first layer's sums alone; gradients along its weights are a hundred times steeper, so a step
    that does not diverge there learns nothing from the others.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.3; scikit-learn, "Importance of
    feature scaling".

    Fires:
        Proline in hundreds beside hues around 1, as they stand in the file.
        ```python
        import pandas as pd
        import torch
        from torch import nn

        df = pd.read_csv("wine.csv")
        X = torch.tensor(df.drop(columns=["target"]).values, dtype=torch.float32)
        y = torch.tensor(df["target"].values)
        model = nn.Sequential(nn.Linear(13, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 3))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for epoch in range(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        # expect wine.csv  error: [XC301]
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        The same with Keras.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("wine.csv")
        X_train, X_test, y_train, y_test = train_test_split(
            df.drop(columns=["target"]), df["target"], stratify=df["target"]
        )
        model = keras.Sequential(
            [
                keras.layers.Input((13,)),
                keras.layers.Dense(32, activation="relu"),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(X_train, y_train, epochs=50, validation_data=(X_test, y_test))
        ```
        ```python generate
        # expect wine.csv  error: [XC301]
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
    Silent:
        A Normalization layer that has seen the training rows comes first.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        df = pd.read_csv("wine.csv")
        X_train, X_test, y_train, y_test = train_test_split(
            df.drop(columns=["target"]), df["target"], stratify=df["target"]
        )
        normalize = keras.layers.Normalization()
        normalize.adapt(X_train)
        model = keras.Sequential(
            [
                keras.layers.Input((13,)),
                normalize,
                keras.layers.Dense(32, activation="relu"),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(X_train, y_train, epochs=50, validation_data=(X_test, y_test))
        ```
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        The network normalises its inputs first.
        ```python
        import pandas as pd
        import torch
        from torch import nn

        df = pd.read_csv("wine.csv")
        X = torch.tensor(df.drop(columns=["target"]).values, dtype=torch.float32)
        y = torch.tensor(df["target"].values)
        model = nn.Sequential(nn.BatchNorm1d(13), nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for epoch in range(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        The code standardises with figures of the training rows.
        ```python
        import pandas as pd
        import torch
        from torch import nn

        df = pd.read_csv("wine.csv")
        train, test = df.iloc[:140], df.iloc[140:]
        mean, std = train.drop(columns=["target"]).mean(), train.drop(columns=["target"]).std()
        X = torch.tensor(((train.drop(columns=["target"]) - mean) / std).values, dtype=torch.float32)
        y = torch.tensor(train["target"].values)
        model = nn.Sequential(nn.Linear(13, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 3))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for epoch in range(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        Of the raw table only two columns are used, and these are of one scale.
        ```python
        import pandas as pd
        import torch
        from torch import nn

        df = pd.read_csv("wine.csv")
        X = torch.tensor(df[["hue", "flavanoids"]].values, dtype=torch.float32)
        y = torch.tensor(df["target"].values)
        model = nn.Sequential(nn.Linear(2, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 3))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for epoch in range(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        A forest needs no scaling.
        ```python
        import pandas as pd
        from sklearn.ensemble import RandomForestClassifier

        df = pd.read_csv("wine.csv")
        RandomForestClassifier().fit(df.drop(columns=["target"]), df["target"])
        ```
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
    """
    if pipeline.scales is not False or data.format == "images":
        return
    if data.format == "table" and pipeline.features is None:
        return
    first = first_weighted(network)
    scales = unscaled(data) if first is not None else None
    if first is None or scales is None:
        return
    yield Finding(
        Place(data.train.paths[0], part=f"column '{scales.largest.name}'"),
        f"{scales.reason}, and nothing scales them before the network",
        STANDARDISE,
        trail=(Step(first.place, f"{network.name} takes them as they are: {first.kind} comes first"),),
        table=scales.table,
        subject=(data.place.path, "features"),
    )
