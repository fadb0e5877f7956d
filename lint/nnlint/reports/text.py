"""The report for people: code frames, the chain of evidence, figures, help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.lines import lines_of
from nnlint.reports import Look
from nnlint.reports.frame import CARET, DASH, Label, bar, frame, gutter_of
from nnlint.reports.site import page_of
from nnlint.reports.style import COLORS, address, link, paint, shown, visible, where
from nnlint.reports.summary import closing
from nnlint.reports.table import aligned
from nnlint.result import Result


def render(result: Result, look: Look) -> str:
    """Every finding with its frame, then notes and one line that sums up."""
    blocks = ["\n".join(_finding(finding, look)) for finding in result.findings]
    if look.verbosity >= 0:
        notes = [f"note: {shown(n.path)}: {visible(n.message)}" for n in result.notes]
        blocks += ["\n".join([*notes, *closing(result, look)])]
    return "\n\n".join(b for b in blocks if b) + "\n" if any(blocks) else ""


def _finding(finding: Finding, look: Look) -> Iterator[str]:
    level = finding.level or Level.ERROR
    title = paint(f"{level}[{finding.code}]", COLORS[level], "bold", color=look.color)
    title = link(title, page_of(finding.code)) if look.links else title
    yield f"{_where(finding.place, look)}: {title} {paint(finding.name, 'bold', color=look.color)}"
    labels = [
        Label(finding.place, finding.message, CARET, COLORS[level]),
        *(Label(step.place, step.message, DASH, "blue") for step in finding.trail),
    ]
    gutter = gutter_of([label.place for label in labels])
    margin = f"{' ' * gutter} {bar(look.color)}"
    yield margin
    for i, (_, group) in enumerate(_by_file(labels)):
        yield from _file(list(group), first=i == 0, gutter=gutter, look=look)
    if finding.table:
        yield margin
        yield from (
            f"{margin}  {row}"
            for row in aligned(finding.table.header, finding.table.rows, look.width - gutter - 5)
        )
    if finding.help:
        yield margin
        mark = paint(f"[fixable: {finding.fix.safety}]", "dim", color=look.color) if finding.fix else ""
        yield f"{' ' * gutter} = help: {visible(finding.help)}  {mark}".rstrip()


def _where(place: Place, look: Look) -> str:
    return link(where(place), address(place.path)) if look.links else where(place)


def _by_file(labels: Sequence[Label]) -> Iterator[tuple[tuple[object, ...], Iterator[Label]]]:
    """Labels by file or cell, the primary's first, then in the order of the trail."""
    keys = list(dict.fromkeys(_key(label.place) for label in labels))
    return groupby(sorted(labels, key=lambda label: keys.index(_key(label.place))), lambda x: _key(x.place))


def _key(place: Place) -> tuple[object, ...]:
    return (place.path, place.cell, bool(place.line))


def _file(labels: list[Label], *, first: bool, gutter: int, look: Look) -> Iterator[str]:
    """The rows for the labels of one file: a frame where there are lines, else a row each."""
    margin = f"{' ' * gutter} {bar(look.color)}"
    if labels[0].place.line and lines_of(labels[0].place.path, labels[0].place.cell):
        if not first:
            yield f"{' ' * gutter} {paint('-->', 'blue', color=look.color)} {_where(labels[0].place, look)}"
        yield from frame(labels, look.width - gutter - 3, gutter, look.color)
        return
    for label in labels:
        if not (first and label.mark == CARET):
            yield f"{' ' * gutter} {paint('-->', 'blue', color=look.color)} {_where(label.place, look)}"
        yield f"{margin} {paint(visible(label.text), label.style, color=look.color)}"
