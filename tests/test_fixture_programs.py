"""The programs of the examples really train, and their data are what make_data.py writes."""

from __future__ import annotations

import importlib.util
import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

FIXTURES = Path(__file__).parents[1] / "fixtures"
PROGRAMS = sorted((*FIXTURES.glob("*/train.py"), *FIXTURES.glob("*/main.py")))
NOTEBOOKS = sorted(FIXTURES.glob("*/*.ipynb"))
CANNOT_RUN = {"shapes_broken": "mat1 and mat2 shapes cannot be multiplied"}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder that is searched for modules first; those imported from it are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("model", "dataset", "networks"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.parent.name)
def test_program_trains_for_an_epoch(
    program: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(program.parent, workplace, dirs_exist_ok=True)
    monkeypatch.setattr(sys, "argv", [program.name, "--epochs", "1"])
    if reason := CANNOT_RUN.get(program.parent.name):
        with pytest.raises(RuntimeError, match=reason):
            runpy.run_path(program.name, run_name="__main__")
    else:
        runpy.run_path(program.name, run_name="__main__")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.parent.name)
def test_notebook_runs_from_top_to_bottom(notebook: Path, workplace: Path) -> None:
    shutil.copytree(notebook.parent, workplace, dirs_exist_ok=True)
    cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in cells:
        source = "".join("\n" if line.startswith("%") else line for line in cell["source"])
        exec(source.replace("EPOCHS = 30", "EPOCHS = 1"), names)
    assert isinstance(names["correct"], int)


def test_data_are_what_the_script_writes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_data", FIXTURES / "make_data.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    written = {p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()}
    committed = {
        p.relative_to(FIXTURES)
        for folder in {w.parts[0] for w in written}
        for p in (FIXTURES / folder).rglob("*")
        if p.suffix in {".csv", ".parquet", ".png", ".npz"}
    }
    assert written == committed
    assert [str(p) for p in sorted(written) if not _same(tmp_path / p, FIXTURES / p)] == []


def _same(a: Path, b: Path) -> bool:
    """Equal in content: how a library compresses it may change from version to version."""
    if a.suffix == ".parquet":
        return pd.read_parquet(a).equals(pd.read_parquet(b))
    if a.suffix == ".png":
        with Image.open(a) as first, Image.open(b) as second:
            return first.mode == second.mode and np.array_equal(np.asarray(first), np.asarray(second))
    if a.suffix == ".npz":
        with np.load(a) as first, np.load(b) as second:
            same = [np.array_equal(first[k], second[k]) for k in first.files]
            return first.files == second.files and all(same)
    return a.read_bytes() == b.read_bytes()
