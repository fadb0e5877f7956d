"""The engine: files to evidence to findings. It knows no check, no file format and no report."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args

from nnlint import linking, readers, suppress
from nnlint.check import Check, Checks, all_checks, checks_for
from nnlint.config import Settings, UsageError
from nnlint.dataclass import dataclass
from nnlint.discover import Inputs, inputs_of
from nnlint.evidence.files import Suppression
from nnlint.finding import Failure, Finding, Level, Note
from nnlint.gathering import gathered
from nnlint.meant import did_you_mean
from nnlint.pairing import APART, Pairing
from nnlint.readers import READERS, SOURCE
from nnlint.readers.units import Loaded, Record, Unit, Units, Without
from nnlint.repair import Fix
from nnlint.result import Result as Result
from nnlint.selection import Chosen, asked_for, runs, selectors, verify
from nnlint.understood import understood
from nnlint.vouching import vouched

if TYPE_CHECKING:
    from nnlint.jobs import Ahead

FEW = 100
"""Source files that are never worth processes of their own, unless they are asked for."""


class Earlier(Protocol):
    """What earlier runs made of source files."""

    def units(self) -> Units | None:
        """What is known of them."""
        ...

    def keep(self, units: Sequence[Unit], records: Mapping[Loaded, Record]) -> None:
        """This run read and judged these."""
        ...


@dataclass(frozen=True)
class Memory:
    """What does not depend on source: taken over by the next run over the same paths."""

    readings: dict[str, readers.Reading] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)


def run(
    paths: Sequence[str],
    settings: Settings,
    progress: readers.Progress = lambda _: None,
    memory: Memory | None = None,
    earlier: Earlier | None = None,
    *,
    outlined: bool = False,
) -> Result:
    """Lint ``paths``. Raises FileNotFoundError for a path that is not there, UsageError for bad settings.

    ``earlier``: what is known of source files, and is told what becomes known. ``outlined``: of the evidence
    of source only numbers are wanted, so that processes may do the reading.
    """
    if selectors(settings):
        verify(all_checks(), settings)  # a mistake in them is told before anything is read
    options = options_of(settings)
    memory = memory or Memory()
    reading = read(paths, settings, progress, memory, earlier, outlined=outlined)
    judging = Judging(options, progress, memory)
    loaded = _loaded(reading)
    checks = [check for check in loaded.checks if runs(check, settings)]
    hinting = {check.code for check in checks if asked_for(check, settings)}
    pairing = Pairing(reading.evidence, dict(settings.pairs))
    found = judging.run(checks, reading.evidence, pairing, reading.units)
    if earlier is not None and not reading.failures and not judging.failures:
        alone = [unit for unit in judging.units if not pairing.datasets_of(unit.path)]
        earlier.keep(alone, reading.records)
    findings = [f for f in found if f.level is not Level.HINT or f.code in hinting]
    wanted = Chosen(settings)
    suppressing = suppress.apply(findings, wanted, reading.evidence, settings, paths, judging.spoken_for)
    about_comments = [c for c in checks if c.needs == (Suppression,)]
    more = judging.run(about_comments, suppressing.comments, Pairing(suppressing.comments))
    kept = sorted([*suppressing.kept, *suppressing.silence(more)], key=_order)
    failures = [*loaded.failures, *reading.failures, *judging.failures]
    return Result(
        _with_fixes(kept, settings, failures),
        reading.notes,
        reading.evidence,
        tuple(failures),
        checks=wanted,
        suppressed=len(findings) + len(more) - len(kept),
        timings={**reading.timings, **judging.timings},
        spoken_for=tuple(judging.spoken_for),
        read=understood(reading.evidence),
    )


def _loaded(reading: readers.Reading) -> Checks:
    """The checks that may speak of what was read, and those that spoke of it in an earlier run."""
    loaded = checks_for(reading.evidence)
    known = {check.code for check in loaded.checks}
    said = {finding.code for unit in reading.units for finding in unit.findings or ()}
    return loaded if said <= known else Checks(all_checks(), loaded.failures)


def _with_fixes(
    findings: Sequence[Finding], settings: Settings, failures: list[Failure]
) -> tuple[Finding, ...]:
    """The findings, with what would be written where a repair fits the program."""
    if not any(finding.repairs for finding in findings):
        return tuple(findings)
    from nnlint.fixing.plan import with_fixes  # only findings in source have repairs

    try:
        return with_fixes(findings, settings.overlay)
    except Exception as error:
        failures.append(Failure("the fixes", error))
        return tuple(findings)


def read(
    paths: Sequence[str],
    settings: Settings,
    progress: readers.Progress,
    memory: Memory | None = None,
    earlier: Earlier | None = None,
    *,
    outlined: bool = False,
) -> readers.Reading:
    """Evidence, notes and failures of everything below ``paths``."""
    inputs = inputs_of(paths, settings)
    named = frozenset(str(Path(path)) for path in paths)
    chosen = replace(settings, named=named)
    memory = memory or Memory()
    reading = _of_files(inputs.files, chosen, progress, memory, earlier, outlined=outlined)
    skipped = [*_skipped(inputs)]
    evidence = linking.linked(reading.evidence, settings.pairs)
    judged, strays = vouched(evidence, paths, settings.pairs)
    notes = [*linking.settled(reading.notes, reading.evidence, judged), *strays]
    return replace(reading, evidence=(*inputs.unreadable, *judged), notes=(*skipped, *notes))


def _of_files(
    files: Sequence[Path],
    settings: Settings,
    progress: readers.Progress,
    memory: Memory,
    earlier: Earlier | None,
    *,
    outlined: bool,
) -> readers.Reading:
    """What readers give, source files as an earlier run knew them where that stands.

    What such a file says may not take part in telling what data are: those that may belong to some are read.
    """
    known = earlier.units() if earlier is not None else None
    ahead = _ahead(files, settings, progress, known) if outlined else None
    units, crashed = (ahead.units, ahead.crashed) if ahead is not None else (known, {})
    left = [path for path in files if path not in crashed]
    reading = readers.read(left, settings, progress, memory.readings, units)
    tied = Pairing(reading.evidence, dict(settings.pairs)).datasets_of
    pairs = {unit.path for unit in reading.units if unit.findings is not None and tied(unit.path)}
    if pairs and units is not None:
        reading = readers.read(left, settings, progress, memory.readings, Without(units, pairs))
    alone = tuple(replace(u, basis=None) if tied(u.path) else u for u in reading.units)
    return replace(reading, units=alone, failures=(*reading.failures, *crashed.values()))


def _ahead(
    files: Sequence[Path], settings: Settings, progress: readers.Progress, known: Units | None
) -> Ahead | None:
    """What processes read of many source files."""
    sources = [path for path in files if path.name.lower().endswith(READERS[SOURCE])]
    if len(sources) < 2 or settings.overlay or (settings.jobs is None and len(sources) < FEW):
        return None
    from nnlint import jobs

    return jobs.read_ahead(sources, settings, progress, known)


def _skipped(inputs: Inputs) -> Iterator[Note]:
    """What was named, or lies below it, and is not read."""
    for path in inputs.others:
        yield Note(str(path), "not read: nnlint reads no files of this kind")
    for path in inputs.excluded:
        yield Note(str(path), "not read: `exclude` means it, and `force-exclude` is on")
    if inputs.ignored:
        others = len(inputs.ignored) - 1
        more = f" (and {others} more)" if others else ""
        hint = f"not read{more}: .gitignore leaves it out; name it, or say --no-respect-gitignore"
        yield Note(str(inputs.ignored[0]), hint)


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


class Judging:
    """Calls checks; remembers those that raised."""

    def __init__(
        self, options: Mapping[str, Mapping[str, Any]], progress: readers.Progress, memory: Memory
    ) -> None:
        self.failures: list[Failure] = []
        self.units: list[Unit] = []  # with what the checks said of each
        self._failed: set[str] = set()
        self.spoken_for: list[Finding] = []  # what a finer check says
        self.timings: defaultdict[str, float] = defaultdict(float)  # seconds
        self._options = options
        self._progress = progress
        self._known = memory.findings

    def run(
        self,
        checks: Iterable[Check],
        evidence: Sequence[object],
        pairing: Pairing,
        units: Sequence[Unit] = (),
    ) -> list[Finding]:
        """Call each check with each match of what it needs; drop repeats and what a finer check says."""
        checks = list(checks)
        findings: dict[str, list[Finding]] = {check.code: [] for check in checks}
        of_units = [check for check in checks if not _needs_other_files(check)]
        for unit in units:
            for finding in self._of_unit(unit, of_units, pairing):
                findings[finding.code].append(finding)
        mine = {id(piece) for unit in units for piece in unit.evidence}
        apart = [piece for piece in evidence if id(piece) not in mine]
        for check_group, some in ((of_units, apart), ([c for c in checks if c not in of_units], evidence)):
            for code, more in self._all(check_group, some, pairing).items():
                findings[code] += more
        found: dict[tuple[object, ...], Finding] = {}
        for finding in (finding for check in checks for finding in findings[check.code]):
            found.setdefault((finding.code, finding.place, finding.message), finding)
        kept = list(_most_specific(found.values(), {c.code: c for c in checks}))
        left = set(map(id, kept))
        self.spoken_for += [finding for finding in found.values() if id(finding) not in left]
        return list(gathered(kept))

    def _of_unit(self, unit: Unit, checks: Sequence[Check], pairing: Pairing) -> Sequence[Finding]:
        """What checks say of one source file, alone or with the data that it trains on."""
        if unit.findings is None:
            local = [*unit.evidence, *pairing.datasets_of(unit.path)] if unit.evidence else ()
            by_code = self._called_with(checks, local, pairing) if local else {}
            found = tuple(finding for findings in by_code.values() for finding in findings)
            unit = replace(unit, findings=found)
        self.units.append(unit)
        return unit.findings or ()

    def _all(
        self, checks: Sequence[Check], evidence: Sequence[object], pairing: Pairing
    ) -> dict[str, list[Finding]]:
        """What checks say, by code; known already where source has no part in it."""
        found = {check.code: self._known[check.code] for check in checks if check.code in self._known}
        left = [check for check in checks if check.code not in found]
        fresh = self._called_with(left, evidence, pairing)
        self._known.update({c.code: fresh[c.code] for c in left if set(c.needs) <= set(APART)})
        return found | fresh

    def _called_with(
        self, checks: Sequence[Check], evidence: Sequence[object], pairing: Pairing
    ) -> dict[str, list[Finding]]:
        groups: dict[tuple[type, ...], list[Check]] = {}
        for check in checks:
            groups.setdefault(check.needs, []).append(check)
        found: dict[str, list[Finding]] = {}
        for needs, group in groups.items():
            found.update(self._findings(needs, group, evidence, pairing))
        return found

    def _findings(
        self, needs: tuple[type, ...], checks: Sequence[Check], evidence: Sequence[object], pairing: Pairing
    ) -> dict[str, list[Finding]]:
        """What checks of the same needs find, by code: one match after the other, so that what they all
        ask of a network is computed once and need not be kept for all networks.
        """
        found: dict[str, list[Finding]] = {check.code: [] for check in checks}
        failed: dict[str, Exception] = {}
        try:
            for arguments in pairing.match(needs, evidence):
                for check in checks:
                    self._progress(check.name)
                    began = time.perf_counter()
                    try:
                        found[check.code] += _called(check, arguments, self._options.get(check.code, {}))
                    except Exception as error:  # other matches are judged all the same
                        failed.setdefault(check.code, error)
                    self.timings[f"{check.code} {check.name}"] += time.perf_counter() - began
        except Exception as error:
            failed.update(dict.fromkeys((check.code for check in checks), error))
        for code, raised in failed.items():
            if code not in self._failed:
                self._failed.add(code)
                self.failures.append(Failure(code, raised))
        return found


def _needs_other_files(check: Check) -> bool:
    """Whether the check judges what is no source; that some belongs to it may be asked besides."""
    optional = type(None) in get_args(check.needs[-1])
    required = check.needs[:-1] if optional else check.needs
    kinds = {kind for need in required for kind in (get_args(need) or (need,))}
    return not kinds.isdisjoint((*APART, Suppression))


def _called(check: Check, arguments: tuple[object, ...], options: Mapping[str, Any]) -> list[Finding]:
    return [_complete(finding, check) for finding in check.function(*arguments, **options)]


def _complete(finding: Finding, check: Check) -> Finding:
    return replace(
        finding,
        code=check.code,
        name=check.name,
        level=finding.level or check.level,
        repairs=tuple(replace(r, safety=r.safety or check.fix or Fix.UNSAFE) for r in finding.repairs),
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
