"""Faults put into good programs are found; the good programs are clean; each fault changes its program."""

from __future__ import annotations

import ast

import pytest
from tests.faults.faults import FAULTS, Fault
from tests.faults.programs import Program, programs
from tests.faults.running import findings, judge, mutants

NAMES = ("titanic", "keras_digits", "crops_project")
FLOOR = 0.8
"""The least share of faults of the small programs that must be found; `python -m tests.faults` tells more."""

EXTRA = 0.05
"""The largest share of faults beside which another check may speak."""

SMALL = [p for p in programs() if p.name in NAMES]
CODES = ("HL1", "AR601", "SP201", "NR3", "TL501", "TL505", "OP401", "DP70")


def _chosen() -> list[Fault]:
    from nnlint.check import all_checks

    there = {check.code for check in all_checks()}
    return [f for f in FAULTS if f.codes[0] in there and f.codes[0].startswith(CODES)]


@pytest.mark.parametrize("program", SMALL, ids=lambda p: p.name)
def test_a_good_program_is_clean(program: Program) -> None:
    assert findings(program) == (set(), ())


def test_most_faults_of_small_programs_are_found_and_nothing_else_is() -> None:
    verdicts = [judge(mutant, set()) for program in SMALL for mutant in mutants(program, _chosen())]
    missed = [str(v.mutant) for v in verdicts if not v.found]
    assert len(verdicts) > 40
    assert len(missed) < (1 - FLOOR) * len(verdicts), missed
    extra = [f"{v.extra} {v.mutant}" for v in verdicts if v.extra]
    assert len(extra) <= EXTRA * len(verdicts), extra
    assert [v.failures for v in verdicts if v.failures] == []


def test_every_fault_can_be_put_somewhere() -> None:
    everything = programs()
    assert [str(f) for f in FAULTS if not any(_fits(f, p) for p in everything)] == []


def _fits(fault: Fault, program: Program) -> bool:
    return any(True for text in program.files.values() for _ in fault.finder(ast.parse(text), program))
