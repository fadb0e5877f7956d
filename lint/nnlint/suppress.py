"""Comments that silence findings: ``# nnlint: ignore[HL101] reason`` and ``# nnlint: ignore-file[...]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnlint.check import Check
from nnlint.config import Settings
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding


def apply(
    findings: Iterable[Finding], checks: Sequence[Check], settings: Settings
) -> tuple[list[Finding], list[Suppression]]:
    """The findings that are not silenced, and every comment with what of it was of no use."""
    return list(findings), []
