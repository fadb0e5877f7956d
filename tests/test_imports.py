"""Arrows point one way, and modules stay small enough to be read at a sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MACHINE, CHECKS = ROOT / "lint" / "nnlint", ROOT / "checks" / "nnlint_checks"
MODULES = sorted((*MACHINE.rglob("*.py"), *CHECKS.rglob("*.py")))
OURS = ("nnlint", "nnlint_checks")

MAY_IMPORT = {
    "checks/nnlint_checks": {"check", "finding", "evidence", "network", "repair"},
    "lint/nnlint/readers": {"evidence", "network", "config", "finding", "looks", "loading", "readers"},
    "lint/nnlint/evidence": {"evidence", "network"},
    "lint/nnlint/network": {"evidence", "network"},
    "lint/nnlint/reports": {
        *("result", "evidence", "finding", "network", "repair", "reports", "lines", "fingerprint", "placing"),
        *("check", "documentation", "__version__"),
    },
}
"""Folder -> the parts of nnlint that its modules may import."""

EVERYWHERE = {"dataclass", "pattern"}
"""What stands in for parts of Python's own library."""

MODULE_LINES, FUNCTION_LINES = 400, 50


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in OURS:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def name(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_module_imports_only_what_its_layer_may(module: Path) -> None:
    layers = [parts for folder, parts in MAY_IMPORT.items() if name(module).startswith(folder)]
    imported = {i for i in imports(module) if i.split(".")[0] == "nnlint" and "." in i}
    for allowed in layers:
        assert {i for i in imported if i.split(".")[1] not in allowed | EVERYWHERE} == set()
    if module.is_relative_to(MACHINE):
        assert [i for i in imports(module) if i.startswith("nnlint_checks")] == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_the_protocol_of_editors_is_spoken_by_the_server_alone(module: Path) -> None:
    if "server" not in module.relative_to(ROOT).parts:
        assert {i.split(".")[0] for i in imports(module)}.isdisjoint({"pygls", "lsprotocol"})


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_module_and_its_functions_are_short(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MODULE_LINES
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    assert {f.name: lines for f in functions if (lines := _code_lines(f)) > FUNCTION_LINES} == {}


def _code_lines(function: ast.FunctionDef) -> int:
    """Lines without the docstring, which in a check is its documentation and its tests."""
    end = function.end_lineno or function.lineno
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return end - function.lineno + 1 - docstring
