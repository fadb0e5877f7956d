"""Many findings of one cause are one finding: an export that lost its values does so in dozens of columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from nnlint.finding import Finding, Table

MOST = 4
"""Columns with the same defect that are reported one by one: as many as are read one by one."""

NAMED = 3
"""Of more columns, those that the message names."""


def gathered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings in their order; where more than MOST of a check say ``together``, one for all of them."""
    findings = list(findings)
    groups: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_alike(finding), []).append(finding)
    for finding in findings:
        group = groups[_alike(finding)]
        if not finding.together or len(group) <= MOST:
            yield finding
        elif finding is group[0]:
            yield _one(group)


def _alike(finding: Finding) -> Hashable:
    level = finding.level.value if finding.level else ""
    return finding.code, finding.together, finding.place.path, finding.place.line, level


def _one(group: list[Finding]) -> Finding:
    names = [finding.place.part.removeprefix("column ") for finding in group]
    shown = ", ".join(name if len(name) <= 16 else f"{name[:14]}…'" for name in names[:NAMED])
    first = group[0]
    return replace(
        first,
        place=replace(first.place, part=f"{len(group)} columns"),
        message=f"{len(group)} columns {first.together}: {shown} and {len(group) - NAMED} more",
        table=Table(("column", "finding"), tuple((n, f.message) for n, f in zip(names, group, strict=True))),
        subject=(first.subject, "together"),
    )
