"""SARIF 2.1.0, within what GitHub's code scanning takes.

Sources: OASIS, "Static Analysis Results Interchange Format Version 2.1.0"; docs.github.com, "SARIF support
for code scanning" and "SARIF limits": relative addresses, texts that are not empty, regions of one line (an
alert shows on a pull request only where all its lines are changed), numbers of results and characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nnlint import __version__
from nnlint.check import Check
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding, Level
from nnlint.fingerprint import fingerprints
from nnlint.placing import SCHEME, from_root, in_file, one_line
from nnlint.repair import Rewrite
from nnlint.reports import Look
from nnlint.reports.pages import markdown, plain
from nnlint.reports.site import page_of
from nnlint.result import Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5_000
"""GitHub keeps as many of a run, the worst ones, and rejects files with more than five times as many."""
MOST_STEPS = 100
"""GitHub keeps as many locations of a result."""
MOST_LINKS = 5
"""Steps of the trail that the message links to."""
LONGEST = 1_000
"""Characters of a description; GitHub takes 1024."""
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.HINT: "note"}
SEVERITIES = {Level.ERROR: "error", Level.WARNING: "warning", Level.HINT: "recommendation"}
PRECISION = {Level.ERROR: "high", Level.WARNING: "high", Level.HINT: "medium"}

Object = dict[str, Any]


def render(result: Result, look: Look) -> str:
    """One log with one run."""
    marks = fingerprints(result.findings)
    found = sorted(zip(result.findings, marks, strict=True), key=lambda pair: -_level(pair[0]).rank)
    kept = found[:MOST_RESULTS]
    codes = sorted({finding.code for finding, _ in kept})
    by_code = {check.code: check for check in result.checks}
    rules = [_rule(code, by_code.get(code)) for code in codes]
    driver = {"name": "nnlint", "version": __version__, "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result, len(found) - len(kept))],
        "results": [_result(finding, mark, codes.index(finding.code)) for finding, mark in kept],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _level(finding: Finding) -> Level:
    return finding.level or Level.ERROR


def _rule(code: str, check: Check | None) -> Object:
    """What GitHub shows of a check beside its alerts."""
    if check is None:
        return {"id": code}
    text = plain(check)
    rule: Object = {
        "id": code,
        "name": check.name,
        "shortDescription": {"text": _cut(check.documentation.summary or check.name)},
        "fullDescription": {"text": _cut(text or check.name)},
        "help": {"text": text or check.name, "markdown": markdown(check)},
        "defaultConfiguration": {"level": LEVELS[check.level]},
        "properties": {
            "tags": ["neural-networks", _family(check)],
            "precision": PRECISION[check.level],
            "problem.severity": SEVERITIES[check.level],
        },
    }
    page = page_of(code)
    return {**rule, "helpUri": page} if page else rule


def _family(check: Check) -> str:
    """The folder of the check: ``head``, ``loop``..."""
    return check.function.__module__.split(".")[-2:][0]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _invocation(result: Result, left_out: int) -> Object:
    texts = [f"{from_root(note.path)}: {note.message}" for note in result.notes]
    texts += [f"{left_out} more findings are left out"] * bool(left_out)
    notes = [{"level": "note", "message": {"text": text}} for text in texts]
    failures = [
        {"level": "error", "message": {"text": f"{failure.where}: {failure.error}"}}
        for failure in result.failures
    ]
    return {"executionSuccessful": not failures, "toolExecutionNotifications": [*notes, *failures]}


def _result(finding: Finding, mark: str, rule: int) -> Object:
    steps = finding.trail[:MOST_STEPS]
    result: Object = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": LEVELS[_level(finding)],
        "message": {"text": _message(finding, steps)},
        "locations": [_location(finding.place)],
        "partialFingerprints": dict(_marks(finding, mark)),
    }
    if steps:
        numbered = zip(count(1), steps, strict=False)
        result["relatedLocations"] = [{"id": n, **_location(s.place, s.message)} for n, s in numbered]
        flow = [*steps, Step(finding.place, finding.message)]
        locations = [{"location": _location(step.place, step.message)} for step in flow]
        result["codeFlows"] = [{"threadFlows": [{"locations": locations}]}]
    if finding.fix and not finding.place.cell:
        result["fixes"] = [_fix(finding.help, finding.fix)]
    return result


def _marks(finding: Finding, mark: str) -> Iterator[tuple[str, str]]:
    """The fingerprint. For places in text GitHub's upload computes the one that it reads by itself, and warns
    of any other; without a line it would take all columns of a table, or nodes of a graph, for one place.
    """
    yield "nnlint/v1", mark
    if not finding.place.line:
        yield "primaryLocationLineHash", f"{mark}:1"


def _message(finding: Finding, steps: Sequence[Step]) -> str:
    """What, how to repair it, and links to the steps that lead there."""
    part = f"{finding.place.part}: " if finding.place.part else ""
    lines = [_unlinked(part + finding.message), *([_unlinked(f"Help: {finding.help}")] * bool(finding.help))]
    lines += [f"[{_unlinked(step.message)}]({n})" for n, step in enumerate(steps[:MOST_LINKS], 1)]
    return "\n".join(lines)


def _unlinked(text: str) -> str:
    """Brackets make links in SARIF's messages."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(place: Place, message: str = "") -> Object:
    exact = one_line(in_file(place))
    location: Object = {
        "physicalLocation": {"artifactLocation": {"uri": _address(exact.path)}, "region": _region(exact)}
    }
    if place.part:
        location["logicalLocations"] = [{"fullyQualifiedName": place.part}]
    return {**location, "message": {"text": message}} if message else location


def _address(path: str) -> str:
    """Relative to the root of the repository; absolute outside of it."""
    relative = from_root(path)
    if SCHEME in relative:
        return quote(relative, safe=":/?=&@")
    return (
        Path(path).absolute().as_uri()
        if Path(relative).is_absolute()
        else quote(relative, errors="surrogateescape")
    )


def _region(place: Place) -> Object:
    """A span. GitHub requires a line; what has none (a column, a node) is put at the first."""
    if not place.line:
        return {"startLine": 1}
    region = {"startLine": place.line, "endLine": max(place.end_line, place.line)}
    if place.column:
        end = place.end_column if place.end_column > place.column else place.column + 1
        region |= {"startColumn": place.column, "endColumn": end}
    return region


def _fix(description: str, fix: Rewrite) -> Object:
    """The changes of one fix, file by file."""
    paths = dict.fromkeys(change.place.path for change in fix.changes)
    changes = [
        {
            "artifactLocation": {"uri": _address(path)},
            "replacements": [
                {"deletedRegion": _deleted(change.place), "insertedContent": {"text": change.text}}
                for change in fix.changes
                if change.place.path == path
            ],
        }
        for path in paths
    ]
    return {"description": {"text": f"{description} ({fix.safety})"}, "artifactChanges": changes}


def _deleted(place: Place) -> Object:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
