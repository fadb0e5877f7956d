"""What a shell offers after the script of ``nnlint completion``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nnlint.cli import COMMANDS, main

Capture = pytest.CaptureFixture[str]


def script(shell: str, capsys: Capture) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nnlint --sel", ["--select"]),
        ("nnlint check a.py --sel", ["--select"]),
        ("nnlint a.py --fail-on w", ["warning"]),
        ("nnlint a.py --output-format sa", ["sarif"]),
        ("nnlint a.py --select softmax-before-c", ["softmax-before-cross-entropy"]),
        ("nnlint explain HL101", ["HL101"]),
        ("nnlint ser", ["server"]),
        ("nnlint server --t", ["--tcp"]),
        ("nnlint rules --output-format j", ["json"]),
        ("nnlint mod", ["model.py"]),
        ("nnlint check --fix mod", ["model.py"]),
        ("nnlint ex", ["explain"]),
    ],
)
def test_bash_offers_what_fits(line: str, offered: list[str], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "complete.sh").write_text(script("bash", capsys))
    (tmp_path / "model.py").write_text("")
    words = line.split()
    ask = f"""
        source complete.sh
        COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
        _nnlint
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-u", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_script_is_valid_for_its_shell(shell: str, tmp_path: Path, capsys: Capture) -> None:
    text = script(shell, capsys)
    assert all(name in text for name in COMMANDS)
    if shutil.which(shell):
        (tmp_path / "complete").write_text(text)
        subprocess.run([shell, "-n", "complete"], cwd=tmp_path, check=True)
