"""Annotations of a GitHub Actions run, by its workflow commands.

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest without a word. So the
budget is spent on one finding of each check and file before it is spent on their repetitions; what is over
is printed as plain lines of the log, and counted in a notice.
Source: docs.github.com, "Workflow commands for GitHub Actions" and "Usage limits" of annotations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.placing import from_root, in_file, one_line
from nnlint.reports import Look
from nnlint.reports.style import count, visible, where
from nnlint.result import Result

BUDGET = 10
"""Annotations of each kind that GitHub shows of a step."""
COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.HINT: "notice"}


def render(result: Result, look: Look) -> str:
    """The commands, errors first, and what of the findings is left as lines of the log."""
    shown = _shown(result.findings)
    left = [finding for finding in result.findings if finding not in shown]
    lines = [_command(finding) for finding in sorted(shown, key=_worst_first)]
    lines += [_plain(finding) for finding in left]
    if left:
        more = f"{count(len(left), 'more finding')}: see the log of this step, or the job summary"
        lines.append(f"::notice title=nnlint::{_escaped(more)}")
    return "".join(line + "\n" for line in lines)


def _shown(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that get an annotation; one notice is kept for the number of the others."""
    spent: Counter[tuple[str, str]] = Counter()
    rounds = []
    for finding in findings:
        key = (finding.code, finding.place.path)
        rounds.append((spent[key], finding))
        spent[key] += 1
    ordered = [finding for _, finding in sorted(rounds, key=lambda pair: pair[0])]
    kept: list[Finding] = []
    for level in Level:
        room = BUDGET - 1 if level is Level.HINT else BUDGET
        kept += [finding for finding in ordered if _level(finding) is level][:room]
    return kept


def _level(finding: Finding) -> Level:
    return finding.level or Level.ERROR


def _worst_first(finding: Finding) -> int:
    return -_level(finding).rank


def _command(finding: Finding) -> str:
    place = one_line(in_file(finding.place))
    title = f"{finding.code} {finding.name}"
    values = {"title": title, "file": from_root(place.path), **dict(_span(place))}
    properties = ",".join(f"{key}={_property(value)}" for key, value in values.items())
    return f"::{COMMANDS[_level(finding)]} {properties}::{_escaped(_text(finding))}"


def _span(place: Place) -> Iterator[tuple[str, str]]:
    if place.line:
        yield "line", str(place.line)
    if place.line and place.column:
        yield "col", str(place.column)
        yield "endLine", str(place.end_line or place.line)
        yield "endColumn", str(max(place.end_column, place.column + 1))


def _text(finding: Finding) -> str:
    part = f"{visible(finding.place.part)}: " if finding.place.part else ""
    steps = [f"{where(step.place)}: {visible(step.message)}" for step in finding.trail]
    help_ = [f"help: {visible(finding.help)}"] if finding.help else []
    return "\n".join([part + visible(finding.message), *steps, *help_])


def _plain(finding: Finding) -> str:
    """A line of the log. It begins with the level, so that no file's name can make a command of it."""
    return f"{_level(finding)}[{finding.code}] {where(finding.place)}: {visible(finding.message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
