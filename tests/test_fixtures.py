"""Whole examples with real data: what must be found in the broken ones, and nothing in their clean twins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Finding, Level

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXAMPLES = sorted(p.parent.name for p in FIXTURES.glob("*/expected.txt"))
BROKEN = [name for name in EXAMPLES if name.endswith("_broken")]


def spot(finding: Finding, folder: Path) -> str:
    """``CODE path[:cell N][:line]``, the path relative to the example."""
    place = finding.place
    path = Path(place.path).resolve().relative_to(folder.resolve()).as_posix()
    cell = f":cell {place.cell}" if place.cell else ""
    return f"{finding.code} {path}{cell}{f':{place.line}' if place.line else ''}"


def found(folder: Path) -> list[str]:
    findings = engine.run([str(folder)], Settings()).findings
    return sorted(spot(f, folder) for f in findings if f.level is not Level.HINT)


def expected(folder: Path) -> list[str]:
    return sorted(line for line in (folder / "expected.txt").read_text().splitlines() if line)


@pytest.mark.parametrize("name", EXAMPLES)
def test_exactly_the_expected_findings(name: str) -> None:
    folder = FIXTURES / name
    assert found(folder) == expected(folder)


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_example_has_a_clean_twin(name: str) -> None:
    twin = FIXTURES / name.replace("_broken", "_clean")
    assert expected(FIXTURES / name) != []
    assert expected(twin) == []


def test_examples_linted_together_keep_their_own_findings() -> None:
    names = ("regression_broken", "wine_broken", "wine_clean")
    findings = engine.run([str(FIXTURES / name) for name in names], Settings()).findings
    spots = sorted(spot(f, FIXTURES) for f in findings if f.level is not Level.HINT)
    assert spots == sorted(
        line.replace(" ", f" {name}/", 1) for name in names for line in expected(FIXTURES / name)
    )


def test_reading_code_does_not_run_it(tmp_path: Path) -> None:
    folder = shutil.copytree(FIXTURES / "hostile" / "side_effect", tmp_path / "code")
    before = sorted(p.name for p in folder.iterdir())
    engine.run([str(folder)], Settings())
    assert sorted(p.name for p in folder.iterdir()) == before


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    findings = engine.run([str(tmp_path / "empty")], Settings()).findings
    assert [spot(f, tmp_path) for f in findings] == ["IN101 empty"]


def test_the_images_listed_as_mislabelled_lie_in_the_wrong_folder() -> None:
    right = {p.name: p.parent.name for p in (FIXTURES / "digits_clean/data/train").rglob("*.png")}
    findings = engine.run([str(FIXTURES / "digits_broken")], Settings(select=("DS101",))).findings
    listed = {Path(row[0]).name: row[2] for f in findings if f.table for row in f.table.rows}
    assert listed != {}
    assert listed == {name: right[name] for name in listed}


def test_unreadable_files_are_each_reported() -> None:
    findings = engine.run([str(FIXTURES / "hostile")], Settings()).findings
    unreadable = {spot(f, FIXTURES / "hostile").split(":")[0] for f in findings}
    assert unreadable == {
        "IN101 binary/model.py",
        "IN101 one_column/readings.csv",
        "IN101 syntax/train.py",
        "IN101 truncated/cells.parquet",
        "OX107 corrupt/model.onnx",
    }
