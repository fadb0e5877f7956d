"""Whole training programs in many styles: exactly the marked lines of the broken ones, nothing in their twins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level

PROGRAMS = Path(__file__).parents[1] / "fixtures" / "programs"
NAMES = sorted(path.stem.removesuffix("_clean") for path in PROGRAMS.glob("*_clean.py"))
MARK = re.compile(r"# (error|warning): \[([\w, ]+)\]")


def found(path: Path) -> set[tuple[int, str, str]]:
    findings = engine.run([str(path)], Settings()).findings
    return {(f.place.line, str(f.level), f.code) for f in findings if f.level is not Level.HINT}


def marked(path: Path) -> set[tuple[int, str, str]]:
    lines = enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
    marks = [(n, level, codes) for n, line in lines for level, codes in MARK.findall(line)]
    return {(n, level, code) for n, level, codes in marks for code in codes.split(", ")}


def test_there_are_programs_of_25_styles() -> None:
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_the_clean_program_is_clean(name: str) -> None:
    assert found(PROGRAMS / f"{name}_clean.py") == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_broken_twin_has_what_is_marked_and_nothing_else(name: str) -> None:
    path = PROGRAMS / f"{name}_broken.py"
    assert marked(path) != set()
    assert found(path) == marked(path)
