"""Findings as people look at them: grouped by file, each with frames, figures, and what would repair it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from nnlint.check import Check
from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.reports.html.changes import Hunk, hunks
from nnlint.reports.html.coloring import Coloring
from nnlint.reports.html.frames import Frame, Label, frames, in_text, labels_of
from nnlint.reports.html.images import Thumbnails
from nnlint.reports.style import shown, visible, where


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, with the picture that its text names: the address of its data, or ""."""

    text: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A finding without what is only seen when it is opened. ``number`` counts findings from 0."""

    number: int
    finding: Finding
    level: Level
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of a file."""

    path: str
    views: tuple[View, ...]
    levels: Mapping[Level, int]


@dataclass(frozen=True, slots=True)
class Body:
    """What is seen of a finding when it is opened. ``named``: frames are of other files, too.
    ``steps``: those that have no line to be shown.
    """

    frames: tuple[Frame, ...]
    named: bool
    steps: tuple[tuple[int, str, str], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    help: str
    hunks: tuple[Hunk, ...]
    safety: str


@dataclass(frozen=True, slots=True)
class Family:
    """The checks of one family that found something, with the numbers of their findings."""

    code: str
    title: str
    checks: tuple[tuple[Check, int], ...]

    @property
    def findings(self) -> int:
        """The number of all findings of the family."""
        return sum(number for _, number in self.checks)


def level_of(finding: Finding) -> Level:
    """The level of a finding; one that no engine has completed is an error."""
    return finding.level or Level.ERROR


def groups(findings: Sequence[Finding]) -> Iterator[Group]:
    """The findings of each file, in the order of the report."""
    numbered = enumerate(findings)
    for path, members in groupby(numbered, key=lambda pair: pair[1].place.path):
        views = tuple(View(n, f, level_of(f), _within(f.place), visible(f.message)) for n, f in members)
        yield Group(shown(path), views, Counter(view.level for view in views))


def _within(place: Place) -> str:
    """The place within its file: ``cell 2, 14:8``, ``column 'age'``."""
    parts = [f"cell {place.cell}"] if place.cell else []
    if place.line:
        parts.append(f"{place.line}:{place.column}" if place.column else str(place.line))
    if place.part:
        parts.append(visible(place.part))
    return ", ".join(parts)


def body(finding: Finding, coloring: Coloring, thumbnails: Thumbnails) -> Body:
    """What is seen when the finding is opened."""
    labels = labels_of(finding)
    table = finding.table
    rows = [
        [Cell(visible(text), thumbnails.of(text)) for text in row] for row in (table.rows if table else ())
    ]
    framed = tuple(frames(labels, coloring))
    return Body(
        framed,
        len(framed) > 1 or not in_text(labels[0]),
        tuple(_step(x) for x in labels if x.number and not in_text(x)),
        tuple(map(visible, table.header)) if table else (),
        tuple(map(tuple, rows)),
        visible(finding.help),
        tuple(hunks(finding.fix)) if finding.fix else (),
        str(finding.fix.safety) if finding.fix else "",
    )


def _step(label: Label) -> tuple[int, str, str]:
    return label.number, where(label.place), visible(label.text)


def families(findings: Sequence[Finding], checks: Sequence[Check]) -> list[Family]:
    """The checks that found something, by family."""
    numbers = Counter(finding.code for finding in findings)
    found = sorted((check for check in checks if check.code in numbers), key=lambda check: check.code)
    return [
        Family(code, members[0].family, tuple((check, numbers[check.code]) for check in members))
        for code, group in groupby(found, key=lambda check: check.code.rstrip("0123456789"))
        if (members := list(group))
    ]
