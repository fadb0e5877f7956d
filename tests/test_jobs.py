"""Processes change nothing but the time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnlint import jobs
from nnlint.cli import main
from nnlint.config import Settings

PROGRAMS = Path(__file__).parents[1] / "fixtures" / "programs"
STYLES = ("churn_bce", "dcgan", "text_cnn", "vae", "imdb_lstm")

HOSTILE = """\
import multiprocessing, os
from nnlint.check import check, WARNING
from nnlint.evidence.source import Program
from nnlint.readers import source

read = source._read

def dying(interpreter, path, named):
    if path.name == "b.py" and multiprocessing.parent_process() is not None:
        os._exit(3)
    return read(interpreter, path, named)

source._read = dying

@check("ZZ901", level=WARNING)
def silent(program: Program):
    '''Silent.

    Why: it is.
    '''
    yield from ()
"""
MODEL = "from torch import nn\n\nmodel = nn.Sequential(nn.Linear(4, 8), nn.Linear({}, 2))\n"

Capture = pytest.CaptureFixture[str]


def test_findings_are_the_same_for_any_number(capsys: Capture) -> None:
    paths = [str(path) for style in STYLES for path in sorted(PROGRAMS.glob(f"{style}_*.py"))]
    printed = []
    for number in "13":
        main(["--no-cache", "--isolated", "--output-format", "json", "--jobs", number, *paths])
        printed.append(capsys.readouterr().out)
    assert len(json.loads(printed[0])["findings"]) > len(STYLES)
    assert printed[1] == printed[0]


def test_a_process_that_dies_is_reported_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, width in {"a.py": 8, "b.py": 8, "c.py": 9}.items():
        (tmp_path / name).write_text(MODEL.format(width))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "plugin.py").write_text(HOSTILE)
    (tmp_path / "nnlint.toml").write_text('plugins = ["own/plugin.py"]\nexclude = ["own"]\n')
    monkeypatch.setattr("nnlint.readers.source._read", jobs.source._read)  # undoes what the plugin does here
    assert main(["--jobs", "2", "--output-format", "concise", "."]) == 2
    printed = capsys.readouterr()
    assert "internal error in the source reader, on b.py" in printed.err
    assert "c.py:3" in printed.out


@pytest.mark.parametrize(("asked", "files", "expected"), [(None, 20, 1), (1, 900, 1), (3, 900, 3), (3, 2, 2)])
def test_number_of_processes(asked: int | None, files: int, expected: int) -> None:
    assert jobs.count(Settings(jobs=asked), files) == expected


def test_files_stay_in_order_and_none_is_lost(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.py" for number in range(20)]
    for number, file in enumerate(files):
        file.write_text("x" * number * 50)
    stretches = list(jobs._stretches(files, 3))
    assert [file for stretch in stretches for file in stretch] == files
    assert len(stretches) == 3


def test_a_number_is_asked_for(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["--jobs", "many", "."])
    assert "many is no number of processes" in capsys.readouterr().err
