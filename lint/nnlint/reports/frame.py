"""Code frames: the lines of a place with carets below, cropped to the width there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.lines import lines_of
from nnlint.reports.style import paint, visible, width

CARET, DASH = "^", "-"
LEAD = 20
"""Characters kept before a span when a long line is cropped."""


@dataclass(frozen=True)
class Label:
    """A span with what is said about it. ``mark`` is the character drawn below it."""

    place: Place
    text: str
    mark: str
    style: str


def frame(labels: Sequence[Label], room: int, gutter: int, color: bool) -> Iterator[str]:
    """The rows of one file's labels in file order; each source line once, its underlines below it."""
    ordered = sorted(labels, key=lambda label: (label.place.line, label.place.column))
    previous = 0
    for label in ordered:
        line = _line(label.place)
        crop, start, length = _crop(line, label.place, room)
        if label.place.line != previous or crop != line:
            number = paint(f"{label.place.line:>{gutter}}", "blue", color=color)
            yield f"{number} {bar(color)} {visible(crop)}".rstrip()
        previous = label.place.line
        yield from _underline(label, start, length, room, gutter, color)


def bar(color: bool) -> str:
    """The rule between gutter and text."""
    return paint("|", "blue", color=color)


def gutter_of(places: Sequence[Place]) -> int:
    """Columns that the line numbers need."""
    return max((len(str(p.line)) for p in places), default=1)


def _line(place: Place) -> str:
    lines = lines_of(place.path, place.cell)
    return lines[place.line - 1].rstrip() if 0 < place.line <= len(lines) else ""


def _crop(line: str, place: Place, room: int) -> tuple[str, int, int]:
    """The part of the line to show, the column where the mark begins in it, and the mark's length."""
    begin = min(max(place.column - 1, 0), len(line))
    within = place.end_line in (0, place.line) and place.end_column
    end = place.end_column - 1 if within else len(line)
    end = min(max(end, begin + 1), max(len(line), begin + 1))
    left, right = window(line, begin, end, room)
    before, after = "…" if left else "", "…" if right < len(line) else ""
    crop = before + line[left:right] + after
    start = width(visible(before + line[left:begin]))
    length = width(visible(line[begin : min(end, right)]))
    return crop, start, max(1, length)


def window(line: str, begin: int, end: int, room: int) -> tuple[int, int]:
    """The part of the line, as a slice, that fits ``room`` columns and holds the beginning of the span."""
    if width(visible(line)) <= room:
        return 0, len(line)
    left = max(0, begin - LEAD) if width(visible(line[:end])) > room - 1 else 0
    while left < begin and width(visible(line[left:begin])) > room // 2:
        left += 1
    right = min(len(line), left + room)
    while right > left and width(visible(line[left:right])) > room - 2:
        right -= 1
    return left, right


def _underline(label: Label, start: int, length: int, room: int, gutter: int, color: bool) -> Iterator[str]:
    mark = paint(label.mark * length, label.style, color=color)
    text = visible(label.text)
    margin = f"{' ' * gutter} {bar(color)} "
    if start + length + 1 + width(text) <= room or not text:
        yield f"{margin}{' ' * start}{mark} {paint(text, label.style, color=color)}".rstrip()
        return
    yield f"{margin}{' ' * start}{mark}"
    indent = start if start + width(text) <= room else max(0, min(start, room - width(text)))
    yield f"{margin}{' ' * indent}{paint(text, label.style, color=color)}"
