"""Comments that silence findings: ``# nnlint: ignore[HL101] reason`` and ``# nnlint: ignore-file[...]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnlint.check import Check
from nnlint.config import Settings
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding


@dataclass(frozen=True)
class Suppressing:
    """The findings that are not silenced, and every comment with what of it was of no use."""

    kept: tuple[Finding, ...]
    comments: tuple[Suppression, ...]

    def silence(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of ``findings`` (about comments) that no comment silences."""
        return list(findings)


def apply(
    findings: Iterable[Finding], checks: Sequence[Check], evidence: Sequence[object], settings: Settings
) -> Suppressing:
    """Silence what comments and ``per-file-ignores`` ask to silence."""
    return Suppressing(tuple(findings), ())
