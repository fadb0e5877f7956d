"""Markdown for people: the summary of a job in GitHub Actions, a comment on a merge request."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.pattern import pattern
from nnlint.placing import from_root, in_file
from nnlint.reports import Look
from nnlint.reports.pages import sentence
from nnlint.reports.style import count, visible, where
from nnlint.reports.summary import understood
from nnlint.result import Result

MOST_ROWS = 200
"""Findings in the table; GitHub refuses summaries of more than 1 MiB."""
LONGEST = 300
"""Characters of a cell."""
CODE = pattern(r"(`[^`]+`)")
SPECIAL = pattern(r"[\\`*_{}\[\]<>&#]")
ICONS = {Level.ERROR: "❌", Level.WARNING: "⚠️", Level.HINT: "💡"}


def render(result: Result, look: Look) -> str:
    """A heading with the numbers, a table of the findings, the worst first, and the notes."""
    lines = [f"### nnlint: {_numbers(result)}", ""]
    if result.findings:
        lines += [*_table(result.findings), ""]
    if look.verbosity >= 0:
        lines += _notes(result)
        lines += [f"{sentence(visible(understood(result)))}.{_silenced(result)}"]
    return "\n".join(lines).rstrip() + "\n"


def _numbers(result: Result) -> str:
    levels = Counter(_level(finding) for finding in result.findings)
    found = [f"{ICONS[level]} {count(levels[level], level)}" for level in Level if levels[level]]
    if not found:
        return "did not finish" if result.failures else "✅ no findings"
    return ", ".join(found)


def _level(finding: Finding) -> Level:
    return finding.level or Level.ERROR


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    yield "| | Check | Place | Finding |"
    yield "|---|---|---|---|"
    ordered = sorted(findings, key=lambda finding: -_level(finding).rank)
    for finding in ordered[:MOST_ROWS]:
        help_ = f"<br>→ {_cell(finding.help)}" if finding.help else ""
        title = f"{finding.code}<br>{finding.name}"
        place = _linked(finding.place)
        yield f"| {ICONS[_level(finding)]} | {title} | {place} | {_cell(finding.message)}{help_} |"
    if len(findings) > MOST_ROWS:
        yield f"| | | | … and {count(len(findings) - MOST_ROWS, 'more finding')} |"


def _linked(place: Place) -> str:
    """The place as code; within a run of GitHub Actions as a link to the line of the commit."""
    text = f"`{where(place).replace('`', '').replace('|', chr(0x2223))}`"
    parts = [os.environ.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    if not all(parts):
        return text
    server, repository, commit = parts
    exact = in_file(place)
    address = quote(from_root(exact.path), errors="surrogateescape")
    line = f"#L{exact.line}" if exact.line else ""
    return f"[{text}]({server}/{repository}/blob/{commit}/{address}{line})"


def _cell(text: str) -> str:
    """Text in a cell: outside of code, what would begin HTML, links or emphasis is escaped."""
    text = " ".join(visible(text).split())
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    parts = CODE.split(text)
    escaped = (part if CODE.fullmatch(part) else SPECIAL.sub(r"\\\g<0>", part) for part in parts)
    return "".join(escaped).replace("|", "\\|")


def _notes(result: Result) -> Iterator[str]:
    texts = [f"{from_root(note.path)}: {note.message}" for note in result.notes]
    texts += [f"{failure.where}: {failure.error}" for failure in result.failures]
    yield from (f"- {_cell(text)}" for text in texts[:MOST_ROWS])
    if texts:
        yield ""


def _silenced(result: Result) -> str:
    numbers = [(result.suppressed, "suppressed"), (result.known, "in the baseline")]
    return "".join(f" {number} {what}." for number, what in numbers if number)
