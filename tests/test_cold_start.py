"""Linting a source file imports none of the large libraries: the start of Python is most of the time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("torch", "pandas", "sklearn", "onnx", "pyarrow", "libcst", "ibis", "polars", "numpy", "rich", "PIL"),
    *("jinja2", "pygments"),
)
PROGRAM = f"""
import sys
from nnlint.cli import main
main(sys.argv[1:])
print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)
"""
MODEL = "from torch import nn\nmodel = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))\n"


@pytest.mark.parametrize("arguments", [["model.py"], ["rules"], ["explain", "IN101"], ["show", "model.py"]])
def test_no_large_library_is_imported(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


def test_a_result_from_the_cache_needs_neither_readers_nor_checks(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    machine = ("nnlint.engine", "nnlint.readers", "nnlint_checks")
    program = PROGRAM.replace(str(HEAVY), str(machine))
    command = [sys.executable, "-c", program, "--cache-dir", "cache", "model.py"]
    for expected in ([*machine], []):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr.split() == expected
