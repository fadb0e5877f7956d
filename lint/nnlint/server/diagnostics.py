"""Findings as diagnostics of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol.types import (
    CodeDescription,
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    DiagnosticTag,
    Location,
)

from nnlint.finding import Finding, Level
from nnlint.server.documents import Document, text_of
from nnlint.server.manual import Manual
from nnlint.server.positions import Encoding, Positions

SEVERITIES = {
    Level.ERROR: DiagnosticSeverity.Error,
    Level.WARNING: DiagnosticSeverity.Warning,
    Level.HINT: DiagnosticSeverity.Information,  # editors hardly show what they call a hint
}
UNNECESSARY = ("unused", "never-called", "without-effect")
"""Words in names of checks that see code which does nothing."""


def diagnostics(
    document: Document,
    findings: tuple[Finding, ...],
    open_: Mapping[Path, Document],
    encoding: Encoding,
    manual: Manual,
) -> dict[str, list[Diagnostic]]:
    """For each text of the document, by address, what was found in it."""
    found: dict[str, list[Diagnostic]] = {sheet.uri: [] for sheet in document.sheets}
    for finding in findings:
        sheet = document.sheet(finding.place.cell)
        if sheet is not None:
            related = _related(finding, open_, encoding)
            page = manual.address(finding.code)
            found[sheet.uri].append(_diagnostic(finding, Positions(sheet.text, encoding), related, page))
    return found


def _diagnostic(
    finding: Finding, positions: Positions, related: list[DiagnosticRelatedInformation], page: str | None
) -> Diagnostic:
    return Diagnostic(
        range=positions.of(finding.place),
        message=f"{finding.message}\n{finding.help}".strip(),
        severity=SEVERITIES[finding.level or Level.ERROR],
        code=finding.code,
        code_description=CodeDescription(page) if page else None,
        source="nnlint",
        tags=[DiagnosticTag.Unnecessary] if any(w in finding.name for w in UNNECESSARY) else None,
        related_information=related or None,
        data={"name": finding.name},
    )


def _related(
    finding: Finding, open_: Mapping[Path, Document], encoding: Encoding
) -> list[DiagnosticRelatedInformation]:
    """The steps that lead to the finding, as far as they are in files."""
    found = []
    for step in finding.trail:
        if "://" in step.place.path:  # a table of a data base
            continue
        sheet = text_of(step.place.path, step.place.cell, open_)
        span = Positions(sheet.text, encoding).of(step.place)
        found.append(DiagnosticRelatedInformation(Location(sheet.uri, span), step.message))
    return found
