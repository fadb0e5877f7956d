"""The engine: files to evidence to findings. It knows no check, no file format and no report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnlint import linking, readers, suppress
from nnlint.check import Check, all_checks, failed_plugins
from nnlint.config import Settings, UsageError, did_you_mean
from nnlint.discover import inputs_of
from nnlint.evidence.files import Suppression
from nnlint.finding import Failure, Finding, Level, Note
from nnlint.pairing import Pairing
from nnlint.selection import asked_for, selected


@dataclass(frozen=True)
class Result:
    """The outcome of a run. ``evidence`` is what was understood, for the summary and ``show``.

    ``failures`` are checks and readers that raised; the findings of all others are complete.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()
    evidence: tuple[object, ...] = ()
    failures: tuple[Failure, ...] = ()


def run(paths: Sequence[str], settings: Settings, progress: readers.Progress = lambda _: None) -> Result:
    """Lint ``paths``. Raises FileNotFoundError for a path that is not there, UsageError for bad settings."""
    checks = selected(all_checks(), settings)
    options = options_of(settings)
    reading = read(paths, settings, progress)
    judging = _Judging(options, progress)
    hinting = {check.code for check in checks if asked_for(check, settings)}
    found = judging.run(checks, reading.evidence, Pairing(reading.evidence, dict(settings.pairs)))
    findings = [f for f in found if f.level is not Level.HINT or f.code in hinting]
    suppressing = suppress.apply(
        findings, checks, reading.evidence, settings, whole=suppress.linted_whole(paths, settings)
    )
    about_comments = [c for c in checks if c.needs == (Suppression,)]
    more = judging.run(about_comments, suppressing.comments, Pairing(suppressing.comments))
    kept = sorted([*suppressing.kept, *suppressing.silence(more)], key=_order)
    return Result(
        tuple(kept),
        reading.notes,
        reading.evidence,
        (*failed_plugins(), *reading.failures, *judging.failures),
    )


def read(paths: Sequence[str], settings: Settings, progress: readers.Progress) -> readers.Reading:
    """Evidence, notes and failures of everything below ``paths``."""
    inputs = inputs_of(paths, settings)
    named = frozenset(str(Path(path)) for path in paths)
    reading = readers.read(inputs.files, replace(settings, named=named), progress)
    skipped = [Note(str(path), "not read: nnlint reads no files of this kind") for path in inputs.others]
    evidence = linking.linked(reading.evidence, settings.pairs)
    notes = linking.settled(reading.notes, reading.evidence, evidence)
    return replace(reading, evidence=(*inputs.unreadable, *evidence), notes=(*skipped, *notes))


def options_of(settings: Settings) -> dict[str, Mapping[str, Any]]:
    """The configured thresholds by code. Raises UsageError for a check or an option that is not there."""
    found: dict[str, Mapping[str, Any]] = {}
    for key, values in settings.checks.items():
        where = f"{settings.source}: checks.{key}"
        meant = [check for check in all_checks() if key in (check.code, check.name)]
        if not meant:
            known = [known for check in all_checks() for known in (check.code, check.name)]
            raise UsageError(f"{where}: no check is called {key}{did_you_mean(key, known)}")
        for check in meant:
            found[check.code] = dict(_option(check, name, value, where) for name, value in values.items())
    return found


def _option(check: Check, name: str, value: object, where: str) -> tuple[str, object]:
    """A configured threshold as the check takes it."""
    option = name.replace("-", "_")
    if option not in check.options:
        hint = did_you_mean(option, check.options, f"; it has {', '.join(check.options) or 'none'}")
        raise UsageError(f"{where}: unknown option {name}{hint}")
    default = check.options[option]
    if not _like(value, default):
        raise UsageError(f"{where}.{name} must be a {type(default).__name__}, not {value!r}")
    return option, tuple(value) if isinstance(value, list) else value


def _like(value: object, default: object) -> bool:
    """Whether ``value`` can stand where ``default`` stood; a whole number serves as a float."""
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, tuple):
        return isinstance(value, list)
    return (
        default is None
        or isinstance(value, type(default))
        or (isinstance(default, float) and isinstance(value, int))
    )


class _Judging:
    """Calls checks; remembers those that raised."""

    def __init__(self, options: Mapping[str, Mapping[str, Any]], progress: readers.Progress) -> None:
        self.failures: list[Failure] = []
        self._options = options
        self._progress = progress

    def run(self, checks: Iterable[Check], evidence: Sequence[object], pairing: Pairing) -> list[Finding]:
        """Call each check with each match of what it needs; drop repeats and what a finer check says."""
        found: dict[tuple[object, ...], Finding] = {}
        checks = list(checks)
        for check in checks:
            self._progress(check.name)
            for finding in self._findings(check, evidence, pairing):
                found.setdefault((finding.code, finding.place, finding.message), finding)
        return list(_most_specific(found.values(), {c.code: c for c in checks}))

    def _findings(self, check: Check, evidence: Sequence[object], pairing: Pairing) -> Iterator[Finding]:
        options = self._options.get(check.code, {})
        failed: list[Exception] = []
        try:
            for arguments in pairing.match(check.needs, evidence):
                yield from _called(check, arguments, options, failed)
        except Exception as error:
            failed.append(error)
        self.failures += [Failure(check.code, error) for error in failed[:1]]


def _called(
    check: Check, arguments: tuple[object, ...], options: Mapping[str, Any], failed: list[Exception]
) -> list[Finding]:
    """The findings about one match; what it raises is kept, so that other matches are judged all the same."""
    try:
        return [_complete(finding, check) for finding in check.function(*arguments, **options)]
    except Exception as error:
        failed.append(error)
        return []


def _complete(finding: Finding, check: Check) -> Finding:
    return replace(
        finding,
        code=check.code,
        name=check.name,
        level=finding.level or check.level,
        subject=finding.place if finding.subject is None else finding.subject,
    )


def _most_specific(findings: Iterable[Finding], checks: Mapping[str, Check]) -> Iterator[Finding]:
    findings = list(findings)
    spoken_for = {(general, finding.subject) for finding in findings for general in checks[finding.code].over}
    for finding in findings:
        if (finding.code, finding.subject) not in spoken_for:
            yield finding


def _order(finding: Finding) -> tuple[object, ...]:
    level = finding.level or Level.ERROR
    return (finding.place, -level.rank, finding.code, finding.message)
