"""Fixes are tried together and linted: only what makes findings vanish and brings none stays."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import field, replace
from pathlib import Path

from nnlint import engine
from nnlint.config import Settings
from nnlint.dataclass import dataclass
from nnlint.evidence.source import LossUse, Program
from nnlint.finding import Finding
from nnlint.fixing.files import SourceFile
from nnlint.fixing.plan import Files, Plan, overlapping, plans
from nnlint.fixing.source import Edit, Unfit
from nnlint.lines import lines_in
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family
from nnlint.readers import Progress
from nnlint.repair import Fix

PASSES = 10
"""Rounds in which fixes that overlap, or that only other fixes make possible, follow each other."""

RUNS = 60
"""Runs of the linter that looking for the fixes that hold may take."""

Key = tuple[object, ...]
Overlay = Mapping[Path, bytes]


@dataclass(frozen=True)
class Fixed:
    """What fixing would give: the findings that are left, those that are gone, and files before and after."""

    result: engine.Result
    gone: tuple[Finding, ...] = ()
    before: Mapping[Path, bytes] = field(default_factory=dict)
    after: Mapping[Path, bytes] = field(default_factory=dict)
    changed: tuple[Path, ...] = ()  # files that somebody else wrote meanwhile


def fixed(paths: Sequence[str], settings: Settings, progress: Progress, *, unsafe: bool) -> Fixed:
    """Lint ``paths`` and apply what repairs there are, in memory. ``unsafe``: also those that need a look."""
    started, memory = time.time_ns(), engine.Memory()

    def lint(overlay: Overlay) -> engine.Result:
        return engine.run(paths, replace(settings, overlay={**settings.overlay, **overlay}), progress, memory)

    return _Trials(lint, lint({}), unsafe, started, settings.overlay).run()


class _Trials:
    """The state of fixing: the texts so far and what linting them gave. ``started``: time in nanoseconds;
    ``given``: texts that stand in for files from the beginning.
    """

    def __init__(
        self,
        lint: Callable[[Overlay], engine.Result],
        first: engine.Result,
        unsafe: bool,
        started: int,
        given: Overlay,
    ) -> None:
        self._given = given
        self._lint, self._result = lint, first
        self._unsafe, self._started = unsafe, started
        self._before: dict[Path, bytes] = {}
        self._after: dict[Path, bytes] = {}
        self._changed: dict[Path, None] = {}
        self._refused: set[Key] = set()
        self._gone: list[Finding] = []
        self._runs = 0

    def run(self) -> Fixed:
        """Passes until nothing more holds."""
        for _ in range(PASSES):
            base = dict(self._after)
            accepted: list[Plan] = []
            refused = len(self._refused)
            self._settle(self._chosen(), accepted, base)
            if not accepted and len(self._refused) == refused:
                break
            self._gone += [plan.finding for plan in accepted]
        result = replace(self._result, findings=tuple(map(self._without_refused, self._result.findings)))
        return Fixed(result, tuple(self._gone), self._before, self._after, tuple(self._changed))

    def _without_refused(self, finding: Finding) -> Finding:
        """A fix that did not hold is not offered any more."""
        texts = {**self._given, **self._after}
        offered = (p for p in plans(finding, {}, texts) if _key(p) not in self._refused)
        plan = next(offered, None)
        return replace(finding, fix=plan.rewrite if plan else None)

    def _chosen(self) -> list[Plan]:
        """A plan for each finding whose fix is asked for, in order, as far as they do not overlap."""
        named = {e.path for e in self._result.evidence if isinstance(e, Program)}
        files: Files = {}
        chosen: list[Plan] = []
        edits: dict[tuple[str, int], list[Edit]] = {}
        texts = {**self._given, **self._after}
        for finding in self._result.findings:
            wanted = (p for p in plans(finding, files, texts) if self._wants(p, named))
            plan = next(wanted, None)
            if plan is not None and self._as_read(plan.file) and _fits(plan, edits):
                chosen.append(plan)
        return chosen

    def _wants(self, plan: Plan, named: Set[str]) -> bool:
        asked_for = plan.safety is Fix.SAFE or self._unsafe
        return asked_for and plan.file.path in named and _key(plan) not in self._refused

    def _as_read(self, file: SourceFile) -> bool:
        """Nobody wrote the file since the run began."""
        path = Path(file.path).resolve()
        if path in self._before:
            return True
        if path in self._given:
            self._before[path] = file.data
            return True
        try:
            if path.stat().st_mtime_ns > self._started:
                self._changed[path] = None
                return False
        except OSError:
            return False
        self._before[path] = file.data
        return True

    def _settle(self, plans: Sequence[Plan], accepted: list[Plan], base: Mapping[Path, bytes]) -> None:
        """Accept all of ``plans`` on top of those ``accepted``, or halves of them, or none."""
        if not plans or self._runs >= RUNS:
            return
        self._runs += 1
        try:
            texts = {**base, **_texts([*accepted, *plans])}
            result = self._lint(texts)
        except Unfit:
            result = None
        if result is not None and _better(self._result, result, plans):
            self._result, self._after = result, texts
            accepted += plans
        elif len(plans) == 1:
            self._refused.add(_key(plans[0]))
        else:
            half = len(plans) // 2
            self._settle(plans[:half], accepted, base)
            self._settle(plans[half:], accepted, base)


def _fits(plan: Plan, edits: dict[tuple[str, int], list[Edit]]) -> bool:
    """It overlaps no plan that is chosen already, but for edits that both have; then it is noted."""
    path = plan.file.path
    both = {cell: [*edits.get((path, cell), []), *some] for cell, some in plan.edits.items()}
    both = {cell: list(dict.fromkeys(some)) for cell, some in both.items()}
    if any(map(overlapping, both.values())):
        return False
    edits.update({(path, cell): some for cell, some in both.items()})
    return True


def _texts(plans: Iterable[Plan]) -> dict[Path, bytes]:
    """The files with the edits of all plans. Raises Unfit."""
    files: dict[str, SourceFile] = {}
    edits: dict[str, dict[int, list[Edit]]] = {}
    for plan in plans:
        files[plan.file.path] = plan.file
        for cell, some in plan.edits.items():
            known = edits.setdefault(plan.file.path, {}).setdefault(cell, [])
            known += [e for e in some if e not in known]
    return {Path(path).resolve(): files[path].edited(edits[path]) for path in files}


def holds(before: engine.Result, plan: Plan, lint: Callable[[Overlay], engine.Result]) -> bool:
    """Whether a repair makes its finding vanish and brings none, as linting shows it."""
    try:
        return _better(before, lint(_texts([plan])), [plan])
    except Unfit:
        return False


def _better(before: engine.Result, after: engine.Result, plans: Sequence[Plan]) -> bool:
    """What was to vanish is gone, nothing is new, and the program is understood as before."""
    old, new = _counted(before.findings), _counted(after.findings)
    gone = _counted([plan.finding for plan in plans])
    if any(new[key] > old[key] - gone[key] for key in {*old, *new}):
        return False
    if len(after.failures) > len(before.failures):
        return False
    return all(a >= b for a, b in zip(_understood(after), _understood(before), strict=True))


def _counted(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((finding.code, finding.place.path) for finding in findings)


def _understood(result: engine.Result) -> tuple[int, ...]:
    """How much of the networks and losses is known; a fix must not win by hiding the program."""
    networks = [e for e in result.evidence if isinstance(e, Network)]
    layers = {o.place for n in networks for o in n.operations if family(o) is Family.WEIGHTED}
    opaque = sum(not network.understood for network in networks)
    uses = [e for e in result.evidence if isinstance(e, LossUse)]
    known = sum(use.prediction.operation.kind != "unknown" for use in uses)
    return len(layers), -opaque, len(uses), known


def _key(plan: Plan) -> Key:
    """What a repair that did not hold is remembered by; lines above it may change."""
    finding, place = plan.finding, plan.finding.place
    lines = lines_in(plan.file.data, place.cell)
    line = lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""
    return finding.code, place.path, place.cell, place.column, line, finding.message, plan.number
