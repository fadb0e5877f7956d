"""Code actions and inlay hints as the protocol has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsprotocol.types import (
    CodeAction,
    CodeActionKind,
    Diagnostic,
    InlayHint,
    InlayHintKind,
    OptionalVersionedTextDocumentIdentifier,
    Range,
    TextDocumentEdit,
    WorkspaceEdit,
)

from nnlint.server.actions import Offer, Step
from nnlint.server.hints import hints
from nnlint.server.linting import Linted
from nnlint.server.positions import Encoding, Positions

FIX_ALL = "source.fixAll.nnlint"


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client asks for actions of a kind."""
    return only is None or any(kind == each or kind.startswith(f"{each}.") for each in only)


def action(
    offer: Offer, kind: CodeActionKind | str, given: Iterable[Diagnostic], versions: bool
) -> CodeAction:
    """An offer as a code action. ``versions``: the client takes edits of a version of a text only."""
    codes = {finding.code for finding in offer.findings}
    return CodeAction(
        title=offer.title,
        kind=kind,
        diagnostics=[d for d in given if d.source == "nnlint" and d.code in codes] or None,
        is_preferred=offer.preferred or None,
        edit=edit(offer.steps, versions),
    )


def edit(steps: Iterable[Step], versions: bool) -> WorkspaceEdit:
    """Steps as an edit of the workspace."""
    if not versions:
        return WorkspaceEdit(changes={step.sheet.uri: list(step.edits) for step in steps})
    return WorkspaceEdit(
        document_changes=[
            TextDocumentEdit(
                OptionalVersionedTextDocumentIdentifier(step.sheet.uri, step.sheet.version), list(step.edits)
            )
            for step in steps
        ]
    )


def inlay_hints(linted: Linted, cell: int, span: Range, encoding: Encoding) -> list[InlayHint]:
    """The shapes of what the lines of a range compute."""
    sheet = linted.document.sheet(cell)
    if sheet is None:
        return []
    positions = Positions(sheet.text, encoding)
    found = []
    for hint in hints(linted.result.evidence, linted.document.path):
        if hint.place.cell == cell and span.start.line < hint.place.end_line <= span.end.line + 1:
            at = positions.end_of(hint.place)
            found.append(InlayHint(at, hint.label, InlayHintKind.Type, tooltip=hint.about, padding_left=True))
    return found
