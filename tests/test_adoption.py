"""What lets a project with findings begin: the baseline, suppressions, comments added in bulk."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from nnlint.cli import main
from nnlint.placing import named

LOOP = """\
import torch

def fit(model, loader, criterion, optimizer):
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
"""
BACKWARD = "loss.backward()"
TABLE = "age,label\n" + "".join(f"{n % 7},{n % 2}\n" for n in range(60)) + "1,\n"
"""A row without a label: DS301 or its kin speak of column 'label'."""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / "train.py").write_text(LOOP)
    return tmp_path


def codes(*arguments: str, capsys: Capture) -> list[str]:
    main([*arguments, "--output-format", "json"])
    return [f["code"] for f in json.loads(capsys.readouterr().out)["findings"]]


# baseline


def test_baseline_hides_what_it_holds_and_nothing_new(folder: Path, capsys: Capture) -> None:
    assert main([".", "--write-baseline", "known.json"]) == 0
    assert capsys.readouterr().out == "wrote 1 finding to known.json\n"
    assert main([".", "--baseline", "known.json"]) == 0
    assert capsys.readouterr().out.endswith("no findings; 1 in the baseline\n")
    (folder / "other.py").write_text(LOOP)
    assert main([".", "--baseline", "known.json"]) == 1
    assert "other.py:" in capsys.readouterr().out


def test_baseline_holds_where_lines_move_and_in_any_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    main([".", "--write-baseline", "known.json"])
    (folder / "train.py").write_text("# a comment\n\n" + LOOP.replace("    ", "  "))
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    assert main(["..", "--baseline", "../known.json"]) == 0


def test_stale_entry_is_noted_where_its_file_was_linted(folder: Path, capsys: Capture) -> None:
    main([".", "--write-baseline", "known.json"])
    (folder / "train.py").write_text("x = 1\n")
    (folder / "other.py").write_text("x = 1\n")
    capsys.readouterr()
    main([".", "--baseline", "known.json"])
    assert "note: known.json: 1 entry is stale, the findings are gone (TL501 in train.py)" in (
        capsys.readouterr().out
    )
    main(["other.py", "--baseline", "known.json"])
    assert "stale" not in capsys.readouterr().out


def test_baseline_of_the_configuration_counts_from_its_folder(folder: Path, capsys: Capture) -> None:
    main([".", "--write-baseline", "known.json"])
    (folder / "nnlint.toml").write_text('baseline = "known.json"\n')
    assert main(["."]) == 0


@pytest.mark.parametrize("content", ["x = 1\n", "{}", '{"version": 9, "findings": []}'])
def test_what_is_no_baseline_is_neither_read_nor_overwritten(
    content: str, folder: Path, capsys: Capture
) -> None:
    (folder / "file").write_text(content)
    assert main([".", "--baseline", "file"]) == 2
    assert main([".", "--write-baseline", "file"]) == 2
    assert (folder / "file").read_text() == content
    assert capsys.readouterr().err.count("nnlint: file: ") == 2


def test_missing_baseline_says_how_it_is_made(capsys: Capture) -> None:
    assert main([".", "--baseline", "known.json"]) == 2
    assert "`--write-baseline` makes one" in capsys.readouterr().err


# comments in bulk


def test_comments_silence_everything_in_source(folder: Path, capsys: Capture) -> None:
    assert main([".", "--add-ignore=until the next  release"]) == 0
    assert capsys.readouterr().out == "silenced 1 finding in 1 file\n"
    assert "# nnlint: ignore[TL501] until the next release\n" in (folder / "train.py").read_text()
    assert main(["."]) == 0
    assert capsys.readouterr().out.endswith("no findings; 1 suppressed\n")


def test_path_behind_the_option_is_no_reason(folder: Path) -> None:
    assert main(["--add-ignore", "train.py"]) == 0
    assert "ignore[TL501]\n" in (folder / "train.py").read_text()


@pytest.mark.parametrize(
    ("line", "silenced"),
    [
        ("loss.backward()  # noqa", "loss.backward()  # noqa  # nnlint: ignore[TL501]"),
        (
            "loss.backward()  # nnlint: ignore[HL101] why",
            "loss.backward()  # nnlint: ignore[HL101, TL501] why",
        ),
        ("loss.backward(\n        )", "loss.backward(  # nnlint: ignore[TL501]\n        )"),
        ("loss.\\\n          backward()", "loss.\\\n          backward()  # nnlint: ignore[TL501]"),
        ("loss.backward(); s = '''\n'''", "loss.backward(); s = '''\n'''  # nnlint: ignore[TL501]"),
    ],
)
def test_comment_goes_where_it_reaches_the_finding(line: str, silenced: str, folder: Path) -> None:
    (folder / "train.py").write_text(LOOP.replace(BACKWARD, line))
    assert main(["train.py", "--add-ignore", "--ignore", "IN103"]) == 0
    assert (folder / "train.py").read_text() == LOOP.replace(BACKWARD, silenced)
    assert main(["train.py", "--ignore", "IN103"]) == 0


def test_cells_of_a_notebook_get_comments(folder: Path, capsys: Capture) -> None:
    (folder / "train.py").unlink()
    cells = [{"cell_type": "code", "source": ["!pip install torch\n", *LOOP.splitlines(keepends=True)]}]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}))
    assert main([".", "--add-ignore"]) == 0
    assert main(["."]) == 0
    assert "1 suppressed" in capsys.readouterr().out


def test_findings_outside_of_source_get_entries_for_the_configuration(folder: Path, capsys: Capture) -> None:
    (folder / "train.py").unlink()
    (folder / "train.csv").write_text(TABLE)
    found = codes(".", "--target", "label", capsys=capsys)
    assert found
    main([".", "--target", "label", "--add-ignore=known"])
    lines = capsys.readouterr().out.splitlines()
    entries = "\n".join(line for line in lines[2:]).replace("tool.nnlint.", "")
    (folder / "nnlint.toml").write_text(f'target = "label"\n{entries}\n')
    assert codes(".", capsys=capsys) == []


# suppressions of the configuration


@pytest.mark.parametrize(
    ("entry", "silent"),
    [
        ('file = "train.csv"\ncolumn = "label"', True),
        ('file = "*.csv"\ncolumn = "la*"', True),
        ('file = "train.csv"', True),
        ('file = "train.csv"\ncolumn = "age"', False),
        ('file = "train.csv"\nnode = "label"', False),
        ('file = "test.csv"', False),
    ],
)
def test_entry_silences_its_column_of_its_file(
    entry: str, silent: bool, folder: Path, capsys: Capture
) -> None:
    (folder / "train.py").unlink()
    (folder / "train.csv").write_text(TABLE)
    found = codes(".", "--target", "label", capsys=capsys)
    checks = json.dumps(sorted(set(found)))
    (folder / "nnlint.toml").write_text(f'target = "label"\n[[suppressions]]\nchecks = {checks}\n{entry}\n')
    left = codes(".", capsys=capsys)
    assert [code for code in left if code != "IN103"] == ([] if silent else found)
    assert ("IN103" in left) is not silent


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("suppressions = 3", "must be a list of tables"),
        ('[[suppressions]]\nfile = "a"', "must be tables with checks"),
        ('[[suppressions]]\nchecks = ["IN101"]', "must be tables with file"),
        ('[[suppressions]]\nchecks = ["IN101"]\nfile = "a"\ncolum = "b"', "did you mean column?"),
        ('[[suppressions]]\nchecks = ["IN10l"]\nfile = "a"', "did you mean IN10"),
    ],
)
def test_wrong_entry_is_a_usage_error(toml: str, message: str, folder: Path, capsys: Capture) -> None:
    (folder / "nnlint.toml").write_text(toml)
    assert main(["."]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("part", "known"),
    [
        ("column 'age'", ("column", "age")),
        ("node 'head/Relu (1)' (Relu)", ("node", "head/Relu (1)")),
        ("column 'it''s'", ("column", "it''s")),
        ("row 5", ("row", "5")),
        ("per-file-ignores 'a'", None),
        ("", None),
    ],
)
def test_part_of_a_place_is_named(part: str, known: tuple[str, str] | None) -> None:
    assert named(part) == known


def test_entry_is_not_stale_where_what_speaks_for_it_was_not_read(folder: Path, capsys: Capture) -> None:
    broken = Path(__file__).parents[1] / "fixtures" / "regression_broken"
    (folder / "train.py").unlink()
    shutil.copytree(broken, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    main([".", "--select", "XC101,HL105", "--write-baseline", "known.json"])
    assert capsys.readouterr().out == "wrote 1 finding to known.json\n"
    for paths in (["model.py"], ["train.py", "model.py"], ["."]):
        assert main([*paths, "--select", "XC101,HL105", "--baseline", "known.json"]) == 0
        printed = capsys.readouterr().out
        assert "stale" not in printed and "warning" not in printed
