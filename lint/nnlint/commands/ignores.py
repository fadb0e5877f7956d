"""``--add-ignore[=REASON]``: a comment for each finding in source, and what to configure for all others."""

from __future__ import annotations

import glob
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nnlint import engine
from nnlint.commands.settings import toml
from nnlint.comments import LINE, Comment, comments_of
from nnlint.config import PARTS, SHARED_FILE, Settings
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding
from nnlint.fixing import writing
from nnlint.fixing.files import SourceFile, read
from nnlint.fixing.passes import Fixed
from nnlint.fixing.source import Edit, Source, Unfit
from nnlint.lines import END_OF_LINE
from nnlint.pattern import pattern
from nnlint.placing import named
from nnlint.reports.style import count, relative

SOURCES = (".py", ".ipynb")
PROSE = pattern(r"\s+")


def add(
    paths: Sequence[str], chosen: Settings, result: engine.Result, reason: str, messages: list[str]
) -> int:
    """Write the comments, and print what was done; 0. What cannot be silenced by one goes to ``messages``.

    Nothing is written to a file where the comments do not silence what they are for, or make it unreadable.
    """
    about_comments = {check.code for check in result.checks if check.needs == (Suppression,)}
    findings = [f for f in result.findings if f.code not in about_comments]
    in_source = [f for f in findings if f.place.line and f.place.path.endswith(SOURCES)]
    before, after = _commented(in_source, chosen.overlay, PROSE.sub(" ", reason).strip())
    overlay = {**chosen.overlay, **after}
    linted = engine.run(paths, replace(chosen, overlay=overlay)) if after else result
    left = [f for f in linted.findings if f.code not in about_comments and f in in_source]
    outcome = Fixed(linted, (), before, after)
    messages += writing.write(outcome)
    silenced = len(in_source) - len(left)
    print(f"silenced {count(silenced, 'finding')} in {count(len(after), 'file')}")
    messages += [f"{f.place}: no comment can silence {f.code} here" for f in left]
    for line in _entries([f for f in findings if f not in in_source], chosen, reason):
        print(line)
    return 0


def _commented(
    findings: Iterable[Finding], overlay: Mapping[Path, bytes], reason: str
) -> tuple[dict[Path, bytes], dict[Path, bytes]]:
    """The files before and after, those left out that cannot be rewritten."""
    before: dict[Path, bytes] = {}
    after: dict[Path, bytes] = {}
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.place.path, []).append(finding)
    for path, group in by_path.items():
        try:
            file = read(Path(path), overlay)
            new = file.edited(edits(file, group, comments_of(path, overlay), reason))
        except Unfit:
            continue
        before[Path(path).resolve()], after[Path(path).resolve()] = file.data, new
    return before, after


def edits(
    file: SourceFile, findings: Iterable[Finding], comments: Iterable[Comment], reason: str
) -> dict[int, list[Edit]]:
    """The edits by cell: comments that are there take the codes, other lines get a comment. Raises Unfit."""
    codes: dict[tuple[int, int], dict[str, None]] = {}
    for finding in findings:
        cell = finding.place.cell
        line = _line(file.source(cell), finding)
        if line:
            codes.setdefault((cell, line), {})[finding.code] = None
    there = {(c.place.cell, c.place.line): c for c in comments if c.directive == LINE and c.selectors}
    found: dict[int, list[Edit]] = {}
    for (cell, line), new in codes.items():
        edit = _edit(file.source(cell).text, line, list(new), there.get((cell, line)), reason)
        found.setdefault(cell, []).append(edit)
    return found


def _edit(text: str, line: int, codes: Sequence[str], there: Comment | None, reason: str) -> Edit:
    begins = [0, *(m.end() for m in END_OF_LINE.finditer(text))]
    if there is not None:
        begin = begins[line - 1]
        start, end = begin + there.place.column - 1, begin + there.place.end_column - 1
        return Edit(start, end, f"# nnlint: {LINE}[{', '.join([*there.selectors, *codes])}]")
    match = END_OF_LINE.search(text, begins[line - 1])
    end = match.start() if match else len(text)
    start = begins[line - 1] + len(text[begins[line - 1] : end].rstrip())
    why = f" {reason}" if reason else ""
    return Edit(start, end, f"  # nnlint: {LINE}[{', '.join(codes)}]{why}")


def _line(source: Source, finding: Finding) -> int:
    """The line whose comment reaches the finding: in its span, else at the statement's end; 0 without one."""
    rows = sorted(_rows(source))
    first, last = finding.place.line, max(finding.place.line, finding.place.end_line)
    within = next((row for row in rows if first <= row <= last), 0)
    return within or next((row for row in rows if row > last), 0)


def _rows(source: Source) -> Iterator[int]:
    """The lines that a comment may end: not within strings, before continuations or in IPython's commands."""
    text, readable = END_OF_LINE.split(source.text), END_OF_LINE.split(source.readable)
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(readable) + "\n").readline):
            row = token.start[0]
            ends = token.type in (tokenize.NEWLINE, tokenize.NL)
            if ends and row <= len(text) and text[row - 1] == readable[row - 1] and text[row - 1].strip():
                yield row
    except (tokenize.TokenError, SyntaxError):
        return


def _entries(findings: Sequence[Finding], chosen: Settings, reason: str) -> Iterator[str]:
    """Entries of the configuration for findings that have no line in source."""
    if not findings:
        return
    prefix = "tool.nnlint." if not chosen.source or Path(chosen.source).name == SHARED_FILE else ""
    yield f"{count(len(findings), 'finding')} outside of source; the configuration silences them:"
    for finding in findings:
        part = named(finding.place.part)
        yield f"\n[[{prefix}suppressions]]"
        yield f"checks = {toml([finding.code])}"
        yield f"file = {toml(glob.escape(relative(finding.place.path)))}"
        if part and part[0] in PARTS:
            yield f"{part[0]} = {toml(glob.escape(part[1]))}"
        yield f"reason = {toml(reason)}" if reason else f"# {finding.message}"
