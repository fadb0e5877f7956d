"""The outcome of a run: what reports render. It knows neither readers nor evidence, so that a result from the
cache needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.finding import Failure, Finding, Note

if TYPE_CHECKING:
    from nnlint.check import Check


@dataclass(frozen=True)
class Understood:
    """Numbers of what was understood, by kind."""

    networks: int = 0
    training_programs: int = 0
    programs: int = 0
    datasets: int = 0
    rows: int = 0
    weight_files: int = 0
    runs: int = 0


@dataclass(frozen=True)
class Result:
    """The outcome of a run. ``evidence`` is what was understood, empty where the findings come from the
    cache; ``read`` is how much that was.

    ``failures`` are checks and readers that raised; the findings of all others are complete. ``fixed``: the
    findings that ``--fix`` has repaired. ``checks``: those that ran. ``suppressed``: the number of findings
    that comments and the configuration silence; ``known``: of those that the baseline holds. ``timings``:
    seconds that readers and checks took, by name. ``spoken_for``: what a finer check says in this run, and a
    run with less evidence would report.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()
    evidence: tuple[object, ...] = ()
    failures: tuple[Failure, ...] = ()
    fixed: tuple[Finding, ...] = ()
    checks: Sequence[Check] = ()
    suppressed: int = 0
    known: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    spoken_for: tuple[Finding, ...] = ()
    read: Understood = field(default_factory=Understood)
