"""What is made from the checks: the print of their examples, word for word, and the published schema.

``pytest --update-snapshots`` writes the files anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import Case, cases, marks, outcome
from nnlint.check import all_checks
from nnlint.cli import main
from nnlint.readers.source.files.text import VERSION

SNAPSHOT = Path(__file__).parent / "snapshots" / "examples.txt"
SCHEMA = Path(__file__).parents[1] / "docs" / "nnlint.schema.json"


def test_examples_print_what_they_printed(pytestconfig: pytest.Config) -> None:
    assert [f"{f.where}: {f.error!r}" for case in cases() for f in outcome(case).result.failures] == []
    printed = "".join(map(_printed, cases()))
    known = sum(mark.todo for case in cases() for mark in marks(case.example))
    text = f"{len(all_checks())} checks, {len(cases())} examples, {known} known misses\n{printed}"
    if pytestconfig.getoption("rewrite"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_published_schema_of_the_configuration_is_up_to_date(
    capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    assert main(["dev", "schema"]) == 0
    printed = capsys.readouterr().out
    if pytestconfig.getoption("rewrite"):
        SCHEMA.write_text(printed, encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == printed


def _printed(case: Case) -> str:
    text = outcome(case).printed.replace(f"as Python {VERSION}", "as Python 3.x")
    return f"\n{'=' * 8} {case}: {case.example.title}\n{text}" if text else ""
