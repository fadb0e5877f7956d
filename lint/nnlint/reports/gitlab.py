"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

import json
from typing import Any

from nnlint.finding import Finding, Level
from nnlint.fingerprint import fingerprints
from nnlint.placing import from_root, in_file
from nnlint.reports import Look
from nnlint.result import Result

SEVERITIES = {Level.ERROR: "major", Level.WARNING: "minor", Level.HINT: "info"}


def render(result: Result, look: Look) -> str:
    """One JSON array, empty without findings."""
    marks = fingerprints(result.findings)
    issues = [_issue(finding, mark) for finding, mark in zip(result.findings, marks, strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, mark: str) -> dict[str, Any]:
    """A finding. GitLab wants a line; what has none (a column, a node) is put at the first."""
    place = in_file(finding.place)
    part = f"{place.part}: " if place.part else ""
    first = place.line or 1
    return {
        "description": f"{part}{finding.message} ({finding.name})",
        "check_name": finding.code,
        "fingerprint": mark,
        "severity": SEVERITIES[finding.level or Level.ERROR],
        "location": {
            "path": from_root(place.path),
            "lines": {"begin": first, "end": max(first, place.end_line)},
        },
    }
