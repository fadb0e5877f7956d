"""The link from code to data: what a data set's target and features are told by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.data import Dataset
from nnlint.finding import Note

PROGRAM = """
import pandas as pd
import torch
from torch import nn
df = pd.read_csv("data/{table}")
X = torch.tensor(df.drop(columns={dropped}).values, dtype=torch.float32)
y = torch.tensor(df["{label}"].values, dtype=torch.float32)
model = nn.Linear(2, 1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)
    def forward(self, x):
        return self.fc(x)
loss = nn.functional.mse_loss(Net()(X).squeeze(1), y)
loss.backward()
"""
HEADER = "key,width,height,area,note"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    rows = "\n".join(f"{n * 7 % 41},{n / 3},{n * n % 17}.5,{n * 0.7},{n % 5}" for n in range(40))
    (tmp_path / "data" / "plates.csv").write_text(f"{HEADER}\n{rows}\n")
    return tmp_path


def program(folder: Path, name: str, label: str, dropped: list[str], table: str = "plates.csv") -> None:
    (folder / name).write_text(PROGRAM.format(table=table, label=label, dropped=dropped))


def linked(settings: Settings | None = None) -> tuple[Dataset, tuple[Note, ...]]:
    """The only data set of the folder as checks see it, and the notes of the run."""
    result = engine.run(["."], settings or Settings())
    datasets = [e for e in result.evidence if isinstance(e, Dataset)]
    assert len(datasets) == 1
    return datasets[0], result.notes


def told(data: Dataset) -> tuple[str, str] | None:
    return (data.target.column, data.target.found) if data.target else None


def test_without_code_a_note_asks_for_the_target(folder: Path) -> None:
    data, notes = linked()
    assert told(data) is None and any("--target" in n.message for n in notes)


def test_code_tells_target_and_features(folder: Path) -> None:
    program(folder, "train.py", "area", ["area", "key"])
    data, notes = linked()
    assert told(data) == ("area", "code")
    assert data.features == ("width", "height", "note")
    assert not any("--target" in n.message for n in notes)


def test_an_option_is_firmer_than_code(folder: Path) -> None:
    program(folder, "train.py", "area", ["area", "key"])
    assert told(linked(Settings(target="height"))[0]) == ("height", "option")


def test_programs_that_disagree_tell_nothing(folder: Path) -> None:
    program(folder, "one.py", "area", ["area", "key"])
    program(folder, "two.py", "width", ["width"])
    assert told(linked()[0]) is None


def test_a_column_leaves_the_features_when_every_program_drops_it(folder: Path) -> None:
    program(folder, "one.py", "area", ["area", "key"])
    program(folder, "two.py", "area", ["area", "key", "note"])
    assert linked()[0].features == ("width", "height", "note")


def test_a_table_beside_a_program_for_another_one_is_not_judged(folder: Path) -> None:
    program(folder, "train.py", "area", ["area"], table="other.csv")
    result = engine.run(["."], Settings())
    assert not any(isinstance(e, Dataset) for e in result.evidence)
    assert [(n.path, "not judged" in n.message) for n in result.notes] == [("data/plates.csv", True)]


@pytest.mark.parametrize("paths", [["train.py", "data"], ["train.py", "data/plates.csv"]])
def test_what_the_user_names_is_judged(folder: Path, paths: list[str]) -> None:
    program(folder, "train.py", "area", ["area"], table="other.csv")
    assert any(isinstance(e, Dataset) for e in engine.run(paths, Settings()).evidence)


def test_an_array_that_code_reads_may_be_anything(folder: Path) -> None:
    np.savez(folder / "reference.npz", grid=np.linspace(0, 1, 300).reshape(60, 5))
    (folder / "check.py").write_text(
        "import numpy as np\nimport torch\nx = np.load('reference.npz')['grid']\n"
    )
    (folder / "data" / "plates.csv").unlink()
    assert not any(isinstance(e, Dataset) for e in engine.run(["."], Settings()).evidence)


def test_columns_that_the_table_lacks_are_not_believed(folder: Path) -> None:
    program(folder, "train.py", "volume", ["volume"])
    assert told(linked()[0]) is None
