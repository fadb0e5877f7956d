"""XC104: a first layer that is made for more or fewer features than the data have."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset, Kind
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Intake
from nnlint.finding import Finding
from nnlint.network.graph import Network

MOST_NAMED = 4
WIDTH = {"linear": "in_features", "batch_norm": "features"}
"""Operation -> its attribute that says how many columns it takes."""


@check("XC104", level=ERROR)
def input_width(network: Network, data: Dataset, intake: Intake | None) -> Iterator[Finding]:
    """The first layer's inputs are not as many as the columns that the code gives it.

    Why: the first batch fails; or the number was set for other columns, and the target or an identifier is
    among them.
    Source: PyTorch documentation of Linear (the last axis of the input must be in_features).

    Fires:
        Four measurements, five inputs.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("iris.csv")
        x = torch.tensor(frame.drop(columns="species").to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["species"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(
            nn.Linear(5, 16),  # error: [XC104]
            nn.ReLU(),
            nn.Linear(16, 3),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"}).drop_duplicates()
        frame.to_csv("iris.csv", index=False)
        ```
    Silent:
        Encoding gives more columns than the file has.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("iris.csv")
        x = pd.get_dummies(frame.drop(columns="species"), columns=["site"], dtype=float)
        x = torch.tensor(x.to_numpy(), dtype=torch.float32)
        y = torch.tensor(frame["species"].to_numpy())
        x = (x - x.mean(0)) / x.std(0)
        model = nn.Sequential(nn.Linear(7, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.rename(columns={"target": "species"}).drop_duplicates()
        frame.insert(0, "site", np.random.default_rng(0).choice(["north", "south", "west"], len(frame)))
        frame.to_csv("iris.csv", index=False)
        ```
    """
    if intake is not None:
        yield from _in_code(intake, data)
    elif network.framework == "onnx":
        yield from _in_graph(network, data)


COLUMNWISE = frozenset({"unary", "normalize", "batch_norm", "dropout", "noise"})
"""Operations that give as many columns as they take."""


def _in_code(intake: Intake, data: Dataset) -> Iterator[Finding]:
    """The columns that the program picks, against the layer that reads them."""
    operation, picked = intake.operation, data.picked(intake.taken.columns)
    expected = operation.attributes.get(WIDTH.get(operation.kind, ""))
    if not isinstance(expected, int) or picked is None or intake.taken.single or operation.conflict:
        return
    if data.rank != 2 or len(picked) == expected:
        return
    value = operation.inputs[0]
    while value.operation.kind in COLUMNWISE and value.operation.inputs:
        value = value.operation.inputs[0]
    if isinstance(value.shape.axis(-1), int) and value.operation.kind != "input":
        return  # the columns were put into another shape first
    place = operation.layer.place if operation.layer else operation.place
    target = data.target.column if data.target else ""
    names = f"the target '{target}' among them" if target in picked else _named(picked)
    yield Finding(
        place,
        f"takes {expected} features, but {len(picked)} columns come in",
        f"give the layer {len(picked)} inputs, or leave out what is no feature",
        (Step(Place(data.train.paths[0]), f"{len(picked)} columns: {names}"),),
        subject=place,
    )


def _in_graph(network: Network, data: Dataset) -> Iterator[Finding]:
    """A graph with one input of a fixed width, beside a table of numbers alone: nothing is encoded first."""
    value = network.inputs[0] if len(network.inputs) == 1 else None
    expected = value.shape.axis(1) if value is not None and value.shape.rank == 2 else None
    columns = [c for c in data.train.columns if c.name in data.features]
    if data.format != "table" or data.target is None or not isinstance(expected, int) or value is None:
        return
    if any(c.kind not in (Kind.NUMBER, Kind.BOOLEAN) for c in columns):
        return
    fitting = {len(columns), len(columns) + len(data.identifiers)}
    if expected in fitting or not columns:
        return
    names = _named(tuple(c.name for c in columns))
    yield Finding(
        value.place,
        f"takes {expected} features, but the data have {len(columns)} beside '{data.target.column}'",
        "lint the graph with the data that it was made for, or export it anew",
        (Step(Place(data.train.paths[0]), f"{len(columns)} columns: {names}"),),
    )


def _named(picked: tuple[str, ...]) -> str:
    shown = ", ".join(name[:20] for name in picked[:MOST_NAMED])
    return shown + (", …" if len(picked) > MOST_NAMED else "")
