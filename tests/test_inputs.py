"""Which files are read: what git ignores, exclusions, standard input; and where reports go."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from nnlint import lines
from nnlint.cli import main

BROKEN = "def f(:\n"
LOOP = """\
import torch

def fit(model, loader, criterion, optimizer):
    for x, y in loader:
        criterion(model(x), y).backward()
        optimizer.step()
"""
TABLE = "age,label\n" + "1,a\n2,b\n" * 20

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lines, "STAND_INS", {})
    return tmp_path


def tree(**files: str) -> None:
    """Files by name, with ``__`` for slashes."""
    for name, text in files.items():
        path = Path(name.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def listed(*arguments: str, capsys: Capture) -> list[str]:
    assert main([*arguments, "--show-files"]) == 0
    return capsys.readouterr().out.split()


def standard_input(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# .gitignore


@pytest.fixture
def repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "-q"], check=True)
    (folder / ".gitignore").write_text("*.csv\n!keep.csv\n/build/\nscratch/*\n!scratch/a.py\n")
    (folder / ".git/info/exclude").write_text("mine.py\n")
    for name in ("a.py", "mine.py", "sub/a.csv", "sub/keep.csv", "sub/b.py", "build/b.py", "sub/build/c.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TABLE if name.endswith("csv") else "x = 1\n")
    tree(scratch__a="", sub__deep__c="")
    for name in ("scratch/a.py", "scratch/b.py", "sub/deep/c.py", "sub/deep/d.py"):
        (folder / name).write_text("x = 1\n")
    (folder / "sub/.gitignore").write_text("deep/*\n!deep/c.py\n")
    return folder


KEPT = ["a.py", "scratch/a.py", "sub/b.py", "sub/build/c.py", "sub/deep/c.py", "sub/keep.csv"]


def test_files_are_those_that_git_would_add(repository: Path, capsys: Capture) -> None:
    added = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "--", "*.py", "*.csv"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(listed(".", capsys=capsys)) == sorted(added.stdout.split()) == KEPT


def test_rules_of_folders_above_hold_below(repository: Path, capsys: Capture) -> None:
    assert listed("sub", capsys=capsys) == [
        "sub/b.py",
        "sub/keep.csv",
        "sub/build/c.py",
        "sub/deep/c.py",
    ]


def test_what_is_named_is_read_though_git_ignores_it(repository: Path, capsys: Capture) -> None:
    assert listed("build", "mine.py", capsys=capsys) == ["build/b.py", "mine.py"]


def test_ignored_files_are_read_when_asked_for(repository: Path, capsys: Capture) -> None:
    found = listed(".", "--no-respect-gitignore", capsys=capsys)
    assert {"mine.py", "build/b.py", "sub/a.csv"} <= set(found)
    (repository / "nnlint.toml").write_text("respect-gitignore = false\n")
    assert sorted(listed(".", capsys=capsys)) == sorted(found)


def test_ignored_data_is_noted_until_it_is_named(folder: Path, capsys: Capture) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text(TABLE)
    (folder / "a.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text("data/\n*.pyc\n")
    main(["."])
    assert "note: data: not read: .gitignore leaves it out; name it" in capsys.readouterr().out
    main([".", "data"])
    printed = capsys.readouterr().out
    assert "gitignore" not in printed and "40 training rows" in printed


# exclusions


def test_exclusions_of_the_command_line_and_the_file_add_up(folder: Path, capsys: Capture) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text("x = 1\n")
    (folder / "nnlint.toml").write_text('exclude = ["a.py"]\n')
    assert listed(".", "--extend-exclude", "b.py", capsys=capsys) == ["c.py"]
    assert listed(".", "--exclude", "b.py", capsys=capsys) == ["a.py", "c.py"]


def test_named_file_is_read_unless_exclusion_is_forced(folder: Path, capsys: Capture) -> None:
    (folder / "a.py").write_text(BROKEN)
    assert main(["a.py", "--exclude", "a.py"]) == 1
    assert main(["a.py", "--exclude", "a.py", "--force-exclude"]) == 0
    assert "note: a.py: not read: `exclude` means it" in capsys.readouterr().out


# standard input


def test_standard_input_stands_for_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (folder / "nnlint.toml").write_text('[per-file-ignores]\n"tests/*" = ["TL501"]\n')
    standard_input(LOOP, monkeypatch)
    assert main(["-", "--stdin-filename", "pkg/train.py"]) == 1
    printed = capsys.readouterr().out
    assert "pkg/train.py:5:9: error[TL501]" in printed
    assert "5 |         criterion(model(x), y).backward()\n" in printed
    standard_input(LOOP, monkeypatch)
    assert main(["-", "--stdin-filename", "tests/train.py"]) == 0


def test_standard_input_wins_over_what_is_saved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (folder / "train.py").write_text(BROKEN)
    standard_input(LOOP, monkeypatch)
    main(["-", "--stdin-filename", "train.py"])
    assert "TL501" in capsys.readouterr().out


def test_standard_input_without_a_name(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    standard_input(BROKEN, monkeypatch)
    assert main(["-"]) == 1
    assert "stdin.py:1:7: error[IN101]" in capsys.readouterr().out


def test_configuration_of_standard_input_is_that_of_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(sub__x="")
    (folder / "sub" / "nnlint.toml").write_text('ignore = ["TL501"]\n')
    standard_input(LOOP, monkeypatch)
    assert main(["-", "--stdin-filename", "sub/unsaved.py"]) == 0


def test_name_without_standard_input_is_a_usage_error(capsys: Capture) -> None:
    assert main([".", "--stdin-filename", "a.py"]) == 2
    assert "say `-` for the path" in capsys.readouterr().err


def test_cells_of_standard_input_are_read(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    cells = [{"cell_type": "code", "source": LOOP}]
    standard_input(json.dumps({"cells": cells, "nbformat": 4}), monkeypatch)
    assert main(["-", "--stdin-filename", "a.ipynb"]) == 1
    assert "a.ipynb:cell 1:5:9: error[TL501]" in capsys.readouterr().out


def test_standard_input_is_source_only(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    assert main(["-", "--stdin-filename", "a.csv"]) == 2
    assert "standard input is read as .py or .ipynb" in capsys.readouterr().err


@pytest.mark.parametrize("saved", [True, False])
def test_fixed_standard_input_goes_to_standard_output(
    saved: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    if saved:
        (folder / "train.py").write_text("x = 1\n")
    standard_input(LOOP, monkeypatch)
    assert main(["-", "--stdin-filename", "train.py", "--fix"]) == 0
    assert capsysbinary.readouterr().out.decode().count("optimizer.zero_grad()") == 1
    assert not saved or (folder / "train.py").read_text() == "x = 1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fix", "--add-ignore"], "--fix and --add-ignore do not go together"),
        (["--diff", "--write-baseline", "x.json"], "--diff and --write-baseline do not go together"),
    ],
)
def test_options_that_exclude_each_other_are_a_usage_error(
    arguments: list[str], message: str, folder: Path, capsys: Capture
) -> None:
    (folder / "a.py").write_text("x = 1\n")
    assert main(["a.py", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_fixed_in_standard_input_is_told_beside_it(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    standard_input(BROKEN, monkeypatch)
    assert main(["-", "--fix"]) == 1
    printed = capsysbinary.readouterr()
    assert printed.out.decode() == BROKEN
    assert printed.err.decode().startswith("stdin.py:1:7: error[IN101]")


# outputs


def test_several_reports_of_one_run(folder: Path, capsys: Capture) -> None:
    (folder / "a.py").write_text(BROKEN)
    formats = ["--output-format", "sarif:out,1.sarif", "--output-format", "concise,junit:out.xml"]
    assert main(["a.py", *formats]) == 1
    assert capsys.readouterr().out.startswith("a.py:1:7: error[IN101]")
    assert json.loads((folder / "out,1.sarif").read_text())["version"] == "2.1.0"
    assert (folder / "out.xml").read_text().startswith("<?xml")


def test_several_reports_of_the_configuration(folder: Path, capsys: Capture) -> None:
    (folder / "a.py").write_text(BROKEN)
    (folder / "nnlint.toml").write_text('output-format = ["concise", "json:out.json"]\n')
    assert main(["a.py"]) == 1
    assert "IN101" in capsys.readouterr().out
    assert json.loads((folder / "out.json").read_text())["findings"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output-format", "sariff"], "unknown output format sariff; did you mean sarif?"),
        (["--output-format", "json,text", "--output-file", "x"], "--output-file is for one format"),
        (["--output-format", "json:absent/x.json"], "absent/x.json: No such file"),
    ],
)
def test_wrong_output_is_a_usage_error(
    arguments: list[str], message: str, folder: Path, capsys: Capture
) -> None:
    (folder / "a.py").write_text("x = 1\n")
    assert main(["a.py", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_timings_are_on_standard_error(folder: Path, capsys: Capture) -> None:
    (folder / "a.py").write_text(LOOP)
    assert main(["a.py", "--timings", "-q"]) == 1
    printed = capsys.readouterr()
    assert "reading source" in printed.err and "together" in printed.err
    assert "together" not in printed.out


def test_statistics_stand_in_for_the_findings(folder: Path, capsys: Capture) -> None:
    (folder / "a.py").write_text(LOOP)
    assert main(["a.py", "--statistics"]) == 1
    assert capsys.readouterr().out.splitlines()[0].split() == ["1", "TL501", "[*]", "missing-zero-grad"]
