"""What a program takes from a file is known where it arrives: at layers and at losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place
from nnlint.evidence.source import Columns, Intake, LossUse
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.operations import apply
from nnlint.network.replay import replay
from nnlint.network.shape import UNKNOWN, Shape

HEAD = "import pandas as pd, torch\nfrom torch import nn\n"
FRAME = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": np.arange(60) % 7, "c": np.arange(60) % 3})
LOOP = """
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(20):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
"""


def evidence(folder: Path, program: str, frame: pd.DataFrame = FRAME, *, index: bool = False) -> list[object]:
    frame.to_csv(folder / "data.csv", index=index)
    (folder / "train.py").write_text(HEAD + program, encoding="utf-8")
    return list(engine.run([str(folder)], Settings()).evidence)


def codes(folder: Path, program: str, frame: pd.DataFrame = FRAME) -> set[str]:
    evidence(folder, program, frame)
    return {f.code for f in engine.run([str(folder)], Settings(select=("XC",))).findings}


PICKS = {
    'df.drop(columns="c")': ("a", "b"),
    "df.iloc[:, 1:]": ("b", "c"),
    'df[[n for n in df.columns if n != "a"]]': ("b", "c"),
    'StandardScaler().fit_transform(df[["a"]])': ("a",),
    'make_pipeline(SimpleImputer(), StandardScaler()).fit_transform(df[["b", "c"]])': ("b", "c"),
    "pd.get_dummies(df)": None,
    "PCA(2).fit_transform(df)": None,
    'ColumnTransformer([("s", StandardScaler(), ["a"])]).fit_transform(df)': None,
    "df.dropna(axis=1)": None,
    "df.reset_index()": None,
}
SKLEARN = """
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
"""


@pytest.mark.parametrize(("picked", "names"), PICKS.items())
def test_columns_are_followed_to_the_first_layer(
    tmp_path: Path, picked: str, names: tuple[str, ...] | None
) -> None:
    program = f"{SKLEARN}df = pd.read_csv('data.csv')\nx = torch.tensor(np.asarray({picked})).float()\n"
    found = evidence(tmp_path, "import numpy as np\n" + program + "nn.Linear(2, 3)(x)\n")
    (data,) = (e for e in found if isinstance(e, Dataset))
    picks = [data.picked(e.taken.columns) for e in found if isinstance(e, Intake)]
    assert [pick for pick in picks if pick is not None] == ([] if names is None else [names])


TARGETS = {
    'df["c"]': (True, False),
    'df["c"] - 1': (False, False),
    'df["c"].map({0: 1})': (False, False),
    "LabelEncoder().fit_transform(df['c'])": (False, True),
    'df["c"].astype("category").cat.codes': (False, True),
}


@pytest.mark.parametrize(("target", "expected"), TARGETS.items())
def test_targets_are_known_as_they_are_in_the_file(
    tmp_path: Path, target: str, expected: tuple[bool, bool]
) -> None:
    program = f"""
import numpy as np
from sklearn.preprocessing import LabelEncoder
df = pd.read_csv("data.csv")
x, y = torch.tensor(df[["a", "b"]].values).float(), torch.tensor(np.array({target}))
model = nn.Linear(2, 3)
{LOOP}"""
    (use,) = (e for e in evidence(tmp_path, program) if isinstance(e, LossUse))
    assert use.taken is not None
    assert (use.taken.plain("c"), use.taken.coded) == expected


def test_a_column_that_is_written_anew_is_no_longer_that_of_the_file(tmp_path: Path) -> None:
    program = f"""
df = pd.read_csv("data.csv")
df["b"] = df["b"] * 2
x, y = torch.tensor(df[["a", "b"]].values).float(), torch.tensor(df["c"].values)
model = nn.Linear(2, 3)
{LOOP}"""
    found = evidence(tmp_path, program)
    (intake,) = (e for e in found if isinstance(e, Intake))
    assert [intake.taken.plain(n) for n in "ab"] == [True, False]


def test_the_index_that_pandas_writes_is_called_unnamed(tmp_path: Path) -> None:
    program = 'df = pd.read_csv("data.csv")'
    (data,) = (e for e in evidence(tmp_path, program, index=True) if isinstance(e, Dataset))
    assert data.picked(Columns("data.csv", (("drop", ("Unnamed: 0", "c")),))) == ("a", "b")


def test_labels_in_a_file_of_their_own_are_no_features(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 4)))
    np.save(tmp_path / "y.npy", np.arange(60) % 3)
    (data,) = (
        e for e in engine.read([str(tmp_path)], Settings(), lambda _: None).evidence if isinstance(e, Dataset)
    )
    assert len(data.picked(Columns("x.npy")) or ()) == 4
    assert len(data.picked(Columns("y.npy")) or ()) == 1


LABELS = {"c": set(), "c + 1": {"XC102"}, "c - 1": {"XC102"}, "c + 2": set()}


@pytest.mark.parametrize(("labels", "found"), LABELS.items())
def test_labels_need_an_output_each(tmp_path: Path, labels: str, found: set[str]) -> None:
    width = 5 if labels == "c + 2" else 3
    program = f"""
df = pd.read_csv("data.csv")
x, y = torch.tensor(df[["a", "b"]].values).float(), torch.tensor(df["c"].values)
model = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, {width}))
{LOOP}"""
    assert codes(tmp_path, program, FRAME.assign(c=FRAME.eval(labels))) & {"XC102"} == found


PLACE = Place("model.py")


def convolution(source: Tensor) -> Tensor:
    layer = Layer("conv", "torch.nn.Conv2d", "c", PLACE)
    attributes = {"dims": 2, "in_channels": 3, "out_channels": 8, "kernel": 5, "stride": 1, "padding": 0}
    return apply("conv", [source], attributes, PLACE, layer=layer)


def test_replaying_a_network_finds_what_images_are_too_small_for() -> None:
    source = Tensor(Operation("input", (), {}, PLACE), UNKNOWN)
    first = convolution(source)
    pooled = apply("max_pool", [first], {"dims": 2, "kernel": 4}, PLACE)
    network = Network(
        "N", "torch", PLACE, "m.py", (), (first.operation, pooled.operation), (source,), (pooled,)
    )
    fits = replay(network, {source.operation.number: Shape((None, 3, 32, 32))})
    misfit = replay(network, {source.operation.number: Shape((None, 3, 6, 6))})
    assert fits is None
    assert misfit is not None and (misfit.operation is pooled.operation, misfit.about) == (True, "window")
