"""Each check that has a fix: its examples are repaired, exactly as documented, and nothing else changes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from examples import Case, cases, write
from nnlint.check import all_checks
from nnlint.commands.given import settings_of
from nnlint.fixing import passes, writing

FIXABLE = [case for case in cases() if case.section == "fires" and case.check.fix]


def runs_here(case: Case) -> bool:
    """It is a program for torch alone, without files of data."""
    text = "".join(file.text for file in case.example.files)
    return "torch" in text and not re.search("keras|tensorflow|pandas", text)


@cache
def outcome(case: Case, marked: bool) -> tuple[passes.Fixed, tuple[str, ...]]:
    """Fixes of an example, unsafe ones too, and the lines that they change."""
    with TemporaryDirectory() as folder, chdir(folder):
        options = write(case, Path(folder), marked=marked)
        fixed = passes.fixed(options.paths, settings_of(options), lambda _: None, unsafe=True)
        lines = tuple(writing.diff(fixed))
    return fixed, tuple(line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---"))


def gone(case: Case, marked: bool = True) -> int:
    return sum(finding.code == case.check.code for finding in outcome(case, marked)[0].gone)


@pytest.mark.parametrize("code", [check.code for check in all_checks() if check.fix])
def test_fix_repairs_an_example_at_least(code: str) -> None:
    mine = [case for case in FIXABLE if case.check.code == code]
    assert any(gone(case) for case in mine)


@pytest.mark.parametrize("case", FIXABLE, ids=str)
def test_fix_changes_the_lines_that_the_documentation_shows(case: Case) -> None:
    lines = outcome(case, False)[1]
    assert "".join(f"{line}\n" for line in lines) == case.example.fixed


@pytest.mark.parametrize("case", FIXABLE, ids=str)
def test_fix_leaves_python_with_every_comment(case: Case) -> None:
    fixed, _ = outcome(case, True)
    for path, after in fixed.after.items():
        ast.parse(after)
        if case.check.code != "IN103":  # whose fix takes comments away
            assert comments(after) == comments(fixed.before[path])


@pytest.mark.parametrize("case", [c for c in FIXABLE if runs_here(c)], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_fixed_program_runs(case: Case) -> None:
    for after in outcome(case, False)[0].after.values():
        exec(compile(after, str(case), "exec"), {"__name__": "__main__"})


def comments(data: bytes) -> list[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return sorted(token.string for token in tokens if token.type == tokenize.COMMENT)
