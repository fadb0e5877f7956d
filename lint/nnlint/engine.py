"""The engine: files to evidence to findings. It knows no check, no file format and no report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from nnlint import readers, suppress
from nnlint.check import Check, all_checks
from nnlint.config import Settings
from nnlint.discover import files_of
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding, Level, Note
from nnlint.pairing import Pairing
from nnlint.selection import selected


@dataclass(frozen=True)
class Result:
    """The outcome of a run. ``evidence`` is what was understood, for the summary and ``show``."""

    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    evidence: tuple[object, ...]


def run(paths: Sequence[str], settings: Settings, progress: readers.Progress = lambda _: None) -> Result:
    """Lint ``paths``. Raises FileNotFoundError for a path that is not there."""
    files = list(files_of(paths, settings.exclude))
    reading = readers.read(files, settings, progress)
    checks = selected(all_checks(), settings)
    findings = list(judge(checks, reading.evidence, settings))
    kept, comments = suppress.apply(findings, checks, settings)
    kept += judge([c for c in checks if c.needs == (Suppression,)], comments, settings)
    return Result(tuple(sorted(kept, key=_order)), reading.notes, reading.evidence)


def judge(checks: Iterable[Check], evidence: Sequence[object], settings: Settings) -> Iterator[Finding]:
    """Call each check with each match of what it needs; drop repeats and what a finer check says."""
    pairing = Pairing(evidence, dict(settings.pairs))
    found: dict[tuple[object, ...], Finding] = {}
    for check in checks:
        options = settings.checks.get(check.code) or settings.checks.get(check.name) or {}
        for arguments in pairing.match(check.needs, evidence):
            for finding in check.function(*arguments, **options):
                complete = _complete(finding, check)
                found.setdefault((complete.code, complete.place, complete.message), complete)
    yield from _most_specific(found.values(), {c.code: c for c in checks})


def _complete(finding: Finding, check: Check) -> Finding:
    return replace(
        finding,
        code=check.code,
        name=check.name,
        level=finding.level or check.level,
        subject=finding.place if finding.subject is None else finding.subject,
    )


def _most_specific(findings: Iterable[Finding], checks: dict[str, Check]) -> Iterator[Finding]:
    findings = list(findings)
    spoken_for = {(general, finding.subject) for finding in findings for general in checks[finding.code].over}
    for finding in findings:
        if (finding.code, finding.subject) not in spoken_for:
            yield finding


def _order(finding: Finding) -> tuple[object, ...]:
    level = finding.level or Level.ERROR
    return (finding.place, -level.rank, finding.code, finding.message)
