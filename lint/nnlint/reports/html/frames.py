"""Code frames: the lines around a finding and around each step of its trail, marked and coloured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.lines import lines_of
from nnlint.reports.frame import window
from nnlint.reports.html.coloring import Coloring, Span
from nnlint.reports.style import shown, visible

CONTEXT = 2
"""Lines shown before and after each that is marked."""

WIDEST = 180
"""Columns of a line that are shown."""

DEEPEST = 24
"""Columns that the text about a step is indented at most, so that it is seen without scrolling."""

MOST_STEPS = 20

HERE, STEP = "here", "step"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one colour (``style``) that is marked or not (``mark``: HERE, STEP or "")."""

    text: str
    style: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said about a step, below its line; ``number`` counts steps from 1."""

    number: int
    indent: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of code with its number."""

    number: int
    pieces: tuple[Piece, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def marked(self) -> bool:
        """Whether the finding itself is here."""
        return any(piece.mark == HERE for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines of one file or cell; None where lines are left out between."""

    where: str
    rows: tuple[Row | None, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A place to be marked, and what is said there. ``number`` 0 is the finding, others are its steps."""

    place: Place
    number: int
    text: str = ""


def labels_of(finding: Finding) -> list[Label]:
    """The finding, then its steps."""
    steps = enumerate(finding.trail[:MOST_STEPS], 1)
    return [Label(finding.place, 0), *(Label(step.place, n, step.message) for n, step in steps)]


def in_text(label: Label) -> bool:
    """Whether there is a line to be shown."""
    place = label.place
    return 0 < place.line <= len(lines_of(place.path, place.cell))


def frames(labels: Sequence[Label], coloring: Coloring) -> Iterator[Frame]:
    """A frame for each file or cell, that of the first label first."""
    by_text: dict[tuple[str, int], list[Label]] = {}
    for label in labels:
        if in_text(label):
            by_text.setdefault((label.place.path, label.place.cell), []).append(label)
    for (path, cell), members in by_text.items():
        where = f"{shown(path)}, cell {cell}" if cell else shown(path)
        yield Frame(where, tuple(_rows(path, cell, members, coloring)))


def _rows(path: str, cell: int, labels: Sequence[Label], coloring: Coloring) -> Iterator[Row | None]:
    lines = lines_of(path, cell)
    wanted = sorted(
        {n for x in labels for n in range(x.place.line - CONTEXT, x.place.line + CONTEXT + 1)}
        & set(range(1, len(lines) + 1))
    )
    while not lines[wanted[-1] - 1].strip() and wanted[-1] > max(x.place.line for x in labels):
        wanted.pop()
    while not lines[wanted[0] - 1].strip() and wanted[0] < min(x.place.line for x in labels):
        wanted.pop(0)
    margin = margin_of(lines[n - 1] for n in wanted)
    previous = wanted[0]
    for number in wanted:
        if number > previous + 1:
            yield None
        here = [x for x in labels if x.place.line == number]
        yield _row(number, lines[number - 1].rstrip(), here, coloring.of(path, cell, number), margin)
        previous = number


def margin_of(lines: Iterable[str]) -> int:
    """Characters of white space that all lines begin with; blank lines aside."""
    starts = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    differ = (n for n, letters in enumerate(zip(*starts, strict=False)) if len(set(letters)) > 1)
    return next(differ, min(map(len, starts), default=0))


def _row(number: int, line: str, labels: Sequence[Label], spans: Sequence[Span], margin: int) -> Row:
    marks = [(*_extent(x.place, line), STEP if x.number else HERE) for x in labels]
    begin, end = (max(at - margin, 0) for at in (marks[0][:2] if marks else (0, 0)))
    left, right = (at + margin for at in window(line[margin:], begin, end, WIDEST))
    pieces = [Piece("…")] * (left > margin) + [*_pieces(line, left, right, spans, marks)]
    pieces += [Piece("…")] * (right < len(line))
    steps = [x for x in labels if x.number]
    return Row(number, tuple(pieces), tuple(_remark(x, line, margin) for x in steps))


def _extent(place: Place, line: str) -> tuple[int, int]:
    """The part of the line that is marked, as a slice."""
    begin = min(max(place.column - 1, 0), len(line)) if place.column else len(line) - len(line.lstrip())
    within = place.end_line in (0, place.line) and place.end_column
    end = place.end_column - 1 if within else len(line)
    return begin, max(min(end, len(line)), begin + 1)


def _pieces(
    line: str, left: int, right: int, spans: Sequence[Span], marks: Sequence[Span]
) -> Iterator[Piece]:
    """The line cut wherever a colour or a mark begins or ends."""
    ends = {left, right} | {at for span in (*spans, *marks) for at in span[:2] if left < at < right}
    edges = sorted(ends)
    for begin, end in pairwise(edges):
        style = next((s for b, e, s in spans if b <= begin < e), "")
        mark = next((m for b, e, m in sorted(marks, key=_rank) if b <= begin < e), "")
        yield Piece(visible(line[begin:end]), style, mark)


def _rank(mark: Span) -> bool:
    """The finding's own mark first."""
    return mark[2] != HERE


def _remark(label: Label, line: str, margin: int) -> Remark:
    begin, _ = _extent(label.place, line)
    indent = min(len(visible(line[margin:begin])), DEEPEST)
    return Remark(label.number, " " * indent, visible(label.text))
