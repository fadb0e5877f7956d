"""Checks and findings in Markdown, for hovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol.types import Hover, MarkupContent, MarkupKind, Position, Range

from nnlint.check import Check, all_checks
from nnlint.comments import Comment, comments_of
from nnlint.documentation import Example
from nnlint.finding import Finding, Table
from nnlint.pages import prose
from nnlint.pattern import pattern
from nnlint.reports.site import page_of
from nnlint.reports.style import where
from nnlint.selection import matches
from nnlint.server.linting import Linted
from nnlint.server.positions import Positions

SELECTOR = pattern(r"[A-Za-z][\w-]*")
MOST = 10
"""Checks that one hover lists, where a selector means many."""


def hover(linted: Linted, cell: int, position: Position, positions: Positions) -> Hover | None:
    """What there is to say at a position: on codes in a comment to nnlint, and on findings of the line."""
    comment = _comment(linted, cell, position, positions)
    if comment is not None:
        return comment
    here = [
        (f, span)
        for f in linted.findings
        if f.place.cell == cell and (span := positions.of(f.place)).start.line == position.line
    ]
    if not here:
        return None
    text = "\n\n---\n\n".join("\n".join(finding_text(f)) for f, _ in here)
    return Hover(MarkupContent(MarkupKind.Markdown, text), here[0][1] if len(here) == 1 else None)


def finding_text(finding: Finding) -> Iterator[str]:
    """What is wrong here, how it is repaired, and why it matters."""
    check = next((c for c in all_checks() if c.code == finding.code), None)
    yield from (_title(finding.code, finding.name, str(finding.level)), "", prose(finding.message), "")
    for step in finding.trail:
        yield f"- {prose(where(step.place))}: {prose(step.message)}"
    yield ""
    if finding.table is not None:
        yield from _table(finding.table)
    if finding.help:
        safety = f" ({finding.fix.safety} fix)" if finding.fix else ""
        yield from (f"**Repair**{safety}: {prose(finding.help)}", "")
    if check is not None:
        yield from _reasons(check)


def check_text(check: Check) -> Iterator[str]:
    """What a check finds, why it matters, and an example with its repair."""
    documentation = check.documentation
    yield from (_title(check.code, check.name, str(check.level)), "", prose(documentation.summary), "")
    yield from _reasons(check)
    shown = next((e for e in documentation.fires if e.fixed), next(iter(documentation.fires), None))
    if shown is not None:
        yield from _example(shown)


def _title(code: str, name: str, level: str) -> str:
    url = page_of(code)
    return f"**{f'[{code}]({url})' if url else code}** {prose(name)} · {level}"


def _reasons(check: Check) -> Iterator[str]:
    why, fix = (check.documentation.sections.get(section, "") for section in ("why", "fix"))
    if why:
        yield from (f"**Why**: {prose(why)}", "")
    if fix:
        yield from (f"**Fix**: {prose(fix)}", "")


def _example(example: Example) -> Iterator[str]:
    if example.fixed:
        yield from ("**Fixed**:", "", "```diff", example.fixed.rstrip("\n"), "```")
        return
    for file in example.files[:1]:
        if file.name.endswith(".py"):
            yield from ("**Fires**:", "", "```python", file.text.rstrip("\n"), "```")


def _table(table: Table) -> Iterator[str]:
    for row in (table.header, ("---",) * len(table.header), *table.rows):
        yield f"| {' | '.join(prose(value) if value != '---' else value for value in row)} |"
    yield ""


def _comment(linted: Linted, cell: int, position: Position, positions: Positions) -> Hover | None:
    """What the codes of a comment mean: the one below the position, else all of the comment."""
    character = positions.character(position)
    for comment in comments_of(linted.path, linted.settings.overlay):
        place = comment.place
        within = place.column - 1 <= character < place.end_column
        if place.cell == cell and place.line - 1 == position.line and within:
            return _of_comment(comment, positions, character)
    return None


def _of_comment(comment: Comment, positions: Positions, character: int) -> Hover | None:
    number = comment.place.line - 1
    words = SELECTOR.finditer(positions.line(number), comment.place.column - 1)
    spans = [(m, m[0]) for m in words if m[0] in comment.selectors]
    below = [(m, word) for m, word in spans if m.start() <= character <= m.end()]
    texts = [_of_selector(word) for _, word in below or spans]
    if not any(texts):
        return None
    begin, end = (below[0][0].span()) if below else (comment.place.column - 1, comment.place.end_column - 1)
    content = MarkupContent(MarkupKind.Markdown, "\n\n---\n\n".join(filter(None, texts)))
    return Hover(content, Range(positions.in_line(number, begin), positions.in_line(number, end)))


def _of_selector(selector: str) -> str:
    meant: Sequence[Check] = [check for check in all_checks() if matches(selector, check)]
    if len(meant) == 1:
        return "\n".join(check_text(meant[0]))
    rows = [f"- **{c.code}** {prose(c.name)}: {prose(c.documentation.summary)}" for c in meant[:MOST]]
    more = [f"- and {len(meant) - MOST} more"] if len(meant) > MOST else []
    return "\n".join([*rows, *more])
