"""One JSON object a finding and line, for programs that read a stream; the keys are those of ``json``."""

from __future__ import annotations

import json

from nnlint.fingerprint import fingerprints
from nnlint.reports import Look
from nnlint.reports.json import record
from nnlint.result import Result


def render(result: Result, look: Look) -> str:
    """The findings; nothing without any."""
    marks = fingerprints(result.findings)
    records = (record(finding, mark) for finding, mark in zip(result.findings, marks, strict=True))
    return "".join(json.dumps(each) + "\n" for each in records)
