"""Reports render findings; they know no check."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from nnlint.dataclass import dataclass

if TYPE_CHECKING:
    from nnlint.result import Result  # the names of reports are known without the machine

REPORTS: dict[str, str] = {
    "text": "code frames with the evidence, for people",
    "concise": "one line a finding",
    "json": "everything, for programs; versioned",
    "jsonl": "an object a finding and line, for programs",
    "sarif": "SARIF 2.1.0, for GitHub code scanning and editors",
    "github": "annotations of a GitHub Actions run",
    "gitlab": "GitLab's code quality report",
    "junit": "JUnit XML, for servers that show tests",
    "markdown": "a table, for job summaries and comments",
    "html": "one page to look at, complete in itself: findings, networks, data, runs",
}
"""Module of this package -> what it is for."""

OF_EVIDENCE = frozenset({"html"})
"""Reports that show what was read, not only what was found."""


@dataclass(frozen=True)
class Look:
    """How a report for people looks. ``verbosity``: -1 quiet, 0, 1 verbose; ``width`` in characters;
    ``links``: files and pages of checks as links of the terminal.
    """

    color: bool = False
    verbosity: int = 0
    width: int = 100
    links: bool = False


class Report(Protocol):
    """A module of this package with a function ``render``."""

    def render(self, result: Result, look: Look) -> str:
        """The whole report as text that ends with a newline, or "" when there is nothing to say."""
        ...


def render(name: str, result: Result, look: Look) -> str:
    """The report called ``name``, a key of REPORTS."""
    report: Report = importlib.import_module(f"nnlint.reports.{name}")
    return report.render(result, look)
