"""``--watch`` sees every change that matters, and ends by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnlint.cli import main
from nnlint.commands import watch

MODEL = "from torch import nn\n\nmodel = nn.Sequential(nn.Linear(4, 8), nn.Linear({}, 2))\n"


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "model.py").write_text(MODEL.format(8))
    command = [sys.executable, "-u", "-m", "nnlint", "--output-format", "concise", "--watch", "model.py"]
    group = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, text=True, creationflags=group) as process:
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="a console is needed to press Ctrl-C")
def test_a_change_is_reported_and_an_interrupt_ends_it(
    watching: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert watching.stdout is not None
    assert "watching" in watching.stdout.readline()
    (tmp_path / "model.py").write_text(MODEL.format(9))
    assert any("AR601" in line for line in watching.stdout)
    watching.send_signal(signal.SIGINT)
    assert watching.wait() == 0


def test_what_is_written_while_a_run_is_under_way_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("")
    before = watch.stamped([str(file), str(tmp_path / "b.py")])
    assert watch.stamped(before) == before
    (tmp_path / "b.py").write_text("")
    assert watch.stamped(before) != before


@pytest.mark.parametrize("other", ["--fix", "--diff", "--add-ignore", "--write-baseline=a.json"])
def test_it_changes_no_files(other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--watch", other, str(tmp_path)]) == 2
    assert "--watch reports" in capsys.readouterr().err
