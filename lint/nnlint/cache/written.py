"""Findings and notes as JSON, and back. What was not written so raises, and is then no entry."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding, Level, Note, Table
from nnlint.repair import Change, Fix, Rewrite

Written = Any
"""What JSON can hold."""


def place_to(place: Place) -> Written:
    """A place, without the zeros at its end."""
    written: list[object] = [place.path, place.line, place.column, place.end_line, place.end_column]
    return [*written, place.part, place.cell] if place.part or place.cell else written


def place_from(written: Written) -> Place:
    """A place."""
    path, *rest = written
    numbers = [*rest[:4], *rest[5:]]
    if not isinstance(path, str) or not all(isinstance(n, int) for n in numbers):
        raise ValueError("no place")
    return Place(path, *rest)


def finding_to(finding: Finding, subject: Callable[[Hashable], Written]) -> Written:
    """A finding with its fix, without the repairs that this was made of. ``subject`` writes the subject."""
    return {
        "code": finding.code,
        "name": finding.name,
        "level": str(finding.level) if finding.level else None,
        "message": finding.message,
        "help": finding.help,
        "place": place_to(finding.place),
        "trail": [[place_to(step.place), step.message] for step in finding.trail],
        "table": [finding.table.header, finding.table.rows] if finding.table else None,
        "fix": _fix_to(finding.fix) if finding.fix else None,
        "subject": subject(finding.subject),
    }


def finding_from(written: Written, subject: Callable[[Written], Hashable]) -> Finding:
    """A finding."""
    table, fix = written["table"], written["fix"]
    return Finding(
        place_from(written["place"]),
        str(written["message"]),
        str(written["help"]),
        tuple(Step(place_from(place), str(message)) for place, message in written["trail"]),
        Table(tuple(table[0]), tuple(map(tuple, table[1]))) if table else None,
        subject(written["subject"]),
        Level(written["level"]) if written["level"] else None,
        (),
        str(written["code"]),
        str(written["name"]),
        _fix_from(fix) if fix else None,
    )


def _fix_to(fix: Rewrite) -> Written:
    return [str(fix.safety), [[place_to(change.place), change.text] for change in fix.changes]]


def _fix_from(written: Written) -> Rewrite:
    safety, changes = written
    return Rewrite(Fix(safety), tuple(Change(place_from(place), str(text)) for place, text in changes))


def note_to(note: Note) -> Written:
    """A note."""
    return [note.path, note.message]


def note_from(written: Written) -> Note:
    """A note."""
    path, message = written
    return Note(str(path), str(message))


def no_subject(_: object) -> None:
    """For findings whose subjects have been compared."""
