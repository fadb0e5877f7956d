"""The examples that document each check are its tests: what is marked is found, nothing else is."""

from __future__ import annotations

import pytest

from examples import Case, cases, found, marks, outcome
from nnlint.check import Check, all_checks

LONGEST_MESSAGE = 100


@pytest.mark.parametrize("case", cases(), ids=str)
def test_example_finds_exactly_what_is_marked(case: Case) -> None:
    expected = marks(case.example)
    result = outcome(case).result
    assert [f"{f.where}: {f.error!r}" for f in result.failures] == []
    assert sorted(found(result, expected)) == sorted({mark for mark in expected if not mark.todo})


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_check_has_examples_that_show_it(check: Check) -> None:
    examples = check.documentation.fires
    assert examples and check.documentation.silent
    assert all(check.code in {mark.code for mark in marks(e)} for e in examples)
    assert not any(check.code in {m.code for m in marks(e) if not m.todo} for e in check.documentation.silent)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_message_is_one_short_line_and_help_says_what_to_do(case: Case) -> None:
    for finding in outcome(case).result.findings:
        assert 0 < len(finding.message) <= LONGEST_MESSAGE
        assert finding.help
        assert not any(text.endswith(".") or "\n" in text for text in (finding.message, finding.help))
