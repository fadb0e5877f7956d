"""One line a finding: ``path:line:column: error[CODE] message (name)``."""

from __future__ import annotations

from nnlint.finding import Level
from nnlint.reports import Look
from nnlint.reports.style import COLORS, paint, shown, visible, where
from nnlint.reports.summary import closing
from nnlint.result import Result


def render(result: Result, look: Look) -> str:
    """Findings, notes and the summary, a line each."""
    lines = []
    for finding in result.findings:
        level = finding.level or Level.ERROR
        title = paint(f"{level}[{finding.code}]", COLORS[level], "bold", color=look.color)
        lines.append(f"{where(finding.place)}: {title} {visible(finding.message)} ({finding.name})")
    if look.verbosity >= 0:
        lines += [f"note: {shown(n.path)}: {visible(n.message)}" for n in result.notes]
        lines += closing(result, look)
    return "".join(line + "\n" for line in lines)
