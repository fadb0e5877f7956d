"""What the examples print, word for word and column for column: a change of a message is seen as such.

``pytest --update-snapshots`` writes the file anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import Case, cases, marks, outcome
from nnlint.check import all_checks
from nnlint.readers.source.text import VERSION

SNAPSHOT = Path(__file__).parent / "snapshots" / "examples.txt"


def test_examples_print_what_they_printed(pytestconfig: pytest.Config) -> None:
    assert [f"{f.where}: {f.error!r}" for case in cases() for f in outcome(case).result.failures] == []
    printed = "".join(map(_printed, cases()))
    known = sum(mark.todo for case in cases() for mark in marks(case.example))
    text = f"{len(all_checks())} checks, {len(cases())} examples, {known} known misses\n{printed}"
    if pytestconfig.getoption("rewrite"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def _printed(case: Case) -> str:
    text = outcome(case).printed.replace(f"as Python {VERSION}", "as Python 3.x")
    return f"\n{'=' * 8} {case}: {case.example.title}\n{text}" if text else ""
