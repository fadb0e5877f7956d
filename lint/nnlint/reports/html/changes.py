"""What a fix would change, as the lines of a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from nnlint.dataclass import dataclass
from nnlint.lines import lines_of
from nnlint.repair import Change, Rewrite
from nnlint.reports.html.frames import margin_of
from nnlint.reports.style import shown, visible

CONTEXT = 2
WIDEST = 300
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring lines of one file before and after: (sign, text), the sign one of "+", "-" and " "."""

    where: str
    lines: tuple[tuple[str, str], ...]


def hunks(fix: Rewrite) -> Iterator[Hunk]:
    """The places that a fix changes, in order."""
    texts = dict.fromkeys((change.place.path, change.place.cell) for change in fix.changes)
    for path, cell in texts:
        mine = [c for c in fix.changes if (c.place.path, c.place.cell) == (path, cell)]
        where = f"{shown(path)}, cell {cell}" if cell else shown(path)
        for near in _neighbours(sorted(mine, key=lambda c: c.place)):
            yield Hunk(where, tuple(_trimmed([*_diff(lines_of(path, cell), near)][:MOST_LINES])))


def _trimmed(lines: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Without white space in front of all lines, and without blank lines at the ends that stay."""
    told = [n for n, (sign, text) in enumerate(lines) if sign != " " or text.strip()]
    kept = lines[told[0] : told[-1] + 1] if told else []
    margin = margin_of(text for _, text in kept)
    for sign, text in kept:
        yield sign, visible(text[margin : margin + WIDEST])


def _neighbours(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes whose surroundings meet belong together."""
    group: list[Change] = []
    for change in changes:
        if group and change.place.line > _last(group[-1]) + 2 * CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _last(change: Change) -> int:
    return max(change.place.line, change.place.end_line)


def _diff(lines: Sequence[str], changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    first = max(changes[0].place.line - 1 - CONTEXT, 0)
    before = list(lines[first : max(map(_last, changes)) + CONTEXT])
    after = _changed(before, first, changes).split("\n")
    for row in difflib.unified_diff(before, after, n=CONTEXT, lineterm=""):
        if not row.startswith(("---", "+++", "@@")):
            yield row[:1], row[1:]


def _changed(lines: Sequence[str], first: int, changes: Sequence[Change]) -> str:
    """The lines, of which the first has the number ``first`` (from 0), after the changes."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(lines)
    for change in reversed(changes):
        place = change.place
        begin = starts[min(place.line - 1 - first, len(lines))] + place.column - 1
        end = starts[min(max(place.end_line, place.line) - 1 - first, len(lines))] + place.end_column - 1
        text = text[:begin] + change.text + text[max(begin, end) :]
    return text
