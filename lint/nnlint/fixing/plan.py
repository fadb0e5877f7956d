"""From the repairs that a finding names to edits of the text it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.finding import Finding
from nnlint.fixing.actions import perform
from nnlint.fixing.expressions import Draft
from nnlint.fixing.files import SourceFile, read
from nnlint.fixing.source import Edit, Unfit
from nnlint.repair import Change, Fix, Repair, Rewrite

Files = dict[str, SourceFile | None]
"""Path -> the file, None when it cannot be rewritten."""


@dataclass(frozen=True)
class Plan:
    """A repair of a finding as edits. ``number``: which of its repairs it is."""

    finding: Finding
    number: int
    safety: Fix
    file: SourceFile
    edits: Mapping[int, Sequence[Edit]]

    @property
    def rewrite(self) -> Rewrite:
        """What would be written, by places."""
        path = self.file.path
        return Rewrite(
            self.safety,
            tuple(
                Change(self.file.source(cell).place(path, cell, edit.start, edit.end), edit.text)
                for cell, edits in self.edits.items()
                for edit in sorted(edits, key=lambda e: (e.start, e.end))
            ),
        )


def plans(finding: Finding, files: Files, overlay: Mapping[Path, bytes]) -> Iterator[Plan]:
    """Every repair of a finding that fits what stands in the file, the best first."""
    for number, repair in enumerate(finding.repairs):
        try:
            yield _plan(finding, number, repair, files, overlay)
        except Unfit:
            continue


def _plan(finding: Finding, number: int, repair: Repair, files: Files, overlay: Mapping[Path, bytes]) -> Plan:
    path = repair.actions[0].place.path
    if path not in files:
        try:
            files[path] = read(Path(path), overlay)
        except Unfit:
            files[path] = None
    file = files[path]
    if file is None:
        raise Unfit
    draft = Draft(file)
    for action in repair.actions:
        perform(draft, action)
    if any(overlapping(edits) for edits in draft.edits.values()):
        raise Unfit
    file.edited(draft.edits)
    return Plan(finding, number, repair.safety or Fix.UNSAFE, file, draft.edits)


def overlapping(edits: Iterable[Edit]) -> bool:
    """Some of the edits change the same text, or insert at one place."""
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    return any(b.start < a.end or (a.start, a.end) == (b.start, b.end) for a, b in pairwise(ordered))


def with_fixes(findings: Sequence[Finding], overlay: Mapping[Path, bytes]) -> tuple[Finding, ...]:
    """The findings, each with the first of its repairs that fits."""
    files: Files = {}
    return tuple(_with_fix(finding, files, overlay) if finding.repairs else finding for finding in findings)


def _with_fix(finding: Finding, files: Files, overlay: Mapping[Path, bytes]) -> Finding:
    plan = next(plans(finding, files, overlay), None)
    return replace(finding, fix=plan.rewrite if plan else None)
