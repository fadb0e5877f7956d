"""What an editor can do about findings: repairs that were tried, comments that silence, all safe fixes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate

from lsprotocol.types import TextEdit

from nnlint.check import all_checks
from nnlint.commands import ignores
from nnlint.comments import comments_of
from nnlint.dataclass import dataclass
from nnlint.evidence.files import Suppression
from nnlint.evidence.source import Program
from nnlint.finding import Finding
from nnlint.fixing import passes
from nnlint.fixing.files import read
from nnlint.fixing.plan import Files, Plan, plans
from nnlint.fixing.source import Edit, Unfit
from nnlint.lines import cells_of, decoded
from nnlint.repair import Fix
from nnlint.server.documents import Sheet, text_of
from nnlint.server.linting import Linted, holds
from nnlint.server.positions import Encoding, Positions
from nnlint.server.thread import Turn

ALL = "nnlint: fix all that is safe to fix"


@dataclass(frozen=True)
class Step:
    """Edits of one text."""

    sheet: Sheet
    edits: Sequence[TextEdit]


@dataclass(frozen=True)
class Offer:
    """Something that can be done. ``findings``: what it is for; ``preferred``: it needs no look."""

    title: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    preferred: bool = False


def repairs(
    linted: Linted, findings: Iterable[Finding], encoding: Encoding, turn: Turn, *, unsafe: bool
) -> Iterator[Offer]:
    """For each finding its best safe and its best unsafe repair that linting shows to hold."""
    named = {e.path for e in linted.result.evidence if isinstance(e, Program)}
    files: Files = {}
    for finding in findings:
        if not finding.repairs:
            continue
        fitting = [p for p in plans(finding, files, linted.settings.overlay) if p.file.path in named]
        for safety in (Fix.SAFE, Fix.UNSAFE) if unsafe else (Fix.SAFE,):
            ordered = (plan for plan in fitting if plan.safety is safety)
            plan = next((plan for plan in ordered if holds(linted, plan, turn)), None)
            if plan is not None:
                yield _offer(linted, plan, encoding)


def _offer(linted: Linted, plan: Plan, encoding: Encoding) -> Offer:
    safe = plan.safety is Fix.SAFE
    what = plan.finding.help or plan.finding.message
    title = f"nnlint {plan.finding.code}{'' if safe else ' (unsafe)'}: {what}"
    return Offer(title, _steps(linted, plan.file.path, plan.edits, encoding), (plan.finding,), safe)


def silence(linted: Linted, findings: Iterable[Finding], encoding: Encoding) -> Iterator[Offer]:
    """For each finding a comment on its line, with a place for the reason behind it."""
    about_comments = {c.code for c in all_checks() if c.needs == (Suppression,)}
    for finding in findings:
        if finding.code in about_comments or not finding.place.line:
            continue
        try:
            file = read(linted.document.path, linted.settings.overlay)
            comments = comments_of(linted.path, linted.settings.overlay)
            edits = ignores.edits(file, [finding], comments, "")
            file.edited(edits)
        except Unfit:
            continue
        if edits:
            steps = _steps(linted, linted.path, edits, encoding)
            yield Offer(f"nnlint: silence {finding.code} on this line", steps, (finding,))


def fix_all(linted: Linted, encoding: Encoding, turn: Turn) -> Offer | None:
    """All safe fixes at once, None when there are none."""
    outcome = passes.fixed(linted.paths, linted.settings, turn, unsafe=False)
    steps: list[Step] = []
    for path, data in outcome.after.items():
        if path == linted.document.path.resolve():
            steps += _rewritten(linted, data, encoding)
    return Offer(ALL, tuple(steps), outcome.gone, True) if steps else None


def _rewritten(linted: Linted, data: bytes, encoding: Encoding) -> Iterator[Step]:
    """The steps that make of the texts of a document what they are to be."""
    document = linted.document
    texts = cells_of(data) if document.is_notebook else (decoded(data),)
    for sheet, text in zip(document.sheets, texts, strict=False):
        if text != sheet.text:
            yield Step(sheet, Positions(sheet.text, encoding).edits(changes(sheet.text, text)))


def changes(old: str, new: str) -> Iterator[Edit]:
    """Edits by whole lines."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    offsets = [0, *accumulate(map(len, before))]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Edit(offsets[a], offsets[b], "".join(after[c:d]))


def _steps(
    linted: Linted, path: str, edits: Mapping[int, Sequence[Edit]], encoding: Encoding
) -> tuple[Step, ...]:
    found = []
    for cell, some in edits.items():
        sheet = text_of(path, cell, linted.others)
        found.append(Step(sheet, Positions(sheet.text, encoding).edits(some)))
    return tuple(found)
