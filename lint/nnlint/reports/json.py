"""Everything for programs. Stable: a key may be added, none changes its meaning within ``version``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.fingerprint import fingerprints
from nnlint.repair import Rewrite
from nnlint.reports import Look
from nnlint.reports.site import page_of
from nnlint.reports.style import relative
from nnlint.result import Result

VERSION = 1


def render(result: Result, look: Look) -> str:
    """One JSON object."""
    marks = fingerprints(result.findings)
    document = {
        "version": VERSION,
        "findings": [record(f, mark) for f, mark in zip(result.findings, marks, strict=True)],
        "notes": [{"path": relative(n.path), "message": n.message} for n in result.notes],
        "failures": [{"where": f.where, "message": str(f.error)} for f in result.failures],
        "fixed": len(result.fixed),
        "suppressed": result.suppressed,
        "known": result.known,
        "read": asdict(result.read),
    }
    return json.dumps(document, indent=2) + "\n"


def record(finding: Finding, mark: str) -> dict[str, Any]:
    """A finding with its fingerprint."""
    table = finding.table
    return {
        "code": finding.code,
        "name": finding.name,
        "level": finding.level,
        "message": finding.message,
        "help": finding.help,
        **_place(finding.place),
        "trail": [{**_place(step.place), "message": step.message} for step in finding.trail],
        "fix": _fix(finding.fix) if finding.fix else None,
        "data": {"header": table.header, "rows": table.rows} if table else None,
        "fingerprint": mark,
        "url": page_of(finding.code),
    }


def _fix(fix: Rewrite) -> dict[str, Any]:
    """What would be written. ``--fix`` writes it only after linting the result."""
    changes = [{**_place(change.place), "text": change.text} for change in fix.changes]
    return {"safety": fix.safety, "changes": changes}


def _place(place: Place) -> dict[str, Any]:
    """Lines and columns are null where the place is not in a text."""
    return {
        "path": relative(place.path),
        "cell": place.cell or None,
        "line": place.line or None,
        "column": place.column or None,
        "end_line": place.end_line or None,
        "end_column": place.end_column or None,
        "part": place.part or None,
    }
