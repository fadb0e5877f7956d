"""Linting a source file imports none of the large libraries: the start of Python is most of the time."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from nnlint.check import Check, all_checks, checks_for
from nnlint.evidence.source import Program

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
IMPORTED = """
import sys
from nnlint.cli import main
main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
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


def families() -> dict[str, ModuleType]:
    """The packages of checks that are imported only for some kinds of evidence."""
    names = {check.function.__module__.rpartition(".")[0] for check in all_checks()}
    packages = {name: importlib.import_module(name) for name in sorted(names)}
    return {name: package for name, package in packages.items() if hasattr(package, "READS")}


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_a_check_of_a_family_needs_what_the_family_says_it_reads(check: Check) -> None:
    family = families().get(check.function.__module__.rpartition(".")[0])
    needs = [{kind.__name__ for kind in get_args(need) or (need,)} for need in check.needs]
    assert family is None or any(kinds <= set(family.READS) for kinds in needs)


@pytest.mark.parametrize(("options", "all_families"), [([], False), (["--select", "DS,HL"], True)])
def test_code_alone_needs_no_checks_of_data(options: list[str], all_families: bool, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    command = [sys.executable, "-c", IMPORTED, "--no-cache", *options, "model.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = {name.rpartition(".")[0] for name in done.stderr.split()}
    assert {name: name in imported for name in families()} == dict.fromkeys(families(), all_families)
    assert "nnlint_checks.head" in imported


def test_the_checks_of_code_are_all_that_do_not_read_other_files() -> None:
    apart = tuple(families())
    expected = [c.code for c in all_checks() if not c.function.__module__.startswith(apart)]
    assert [check.code for check in checks_for([Program("model.py", 1)]).checks] == expected
