"""Which findings are about a thing that the page shows: a column, a layer, a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.reports.html.findings import level_of

MOST = 6
"""Tags of one thing."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A finding by its number, to be linked to."""

    number: int
    code: str
    level: Level


class Tags:
    """The findings by their places, and those of the steps that lead to them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._of_place: defaultdict[tuple[object, ...], list[Tag]] = defaultdict(list)
        self._of_file: defaultdict[str, list[Tag]] = defaultdict(list)
        for number, finding in enumerate(findings):
            tag = Tag(number, finding.code, level_of(finding))
            places = (finding.place, *(step.place for step in finding.trail))
            for key in dict.fromkeys(map(_key, places)):
                self._of_place[key].append(tag)
            self._of_file[finding.place.path].append(tag)

    def of(self, places: Iterable[Place]) -> tuple[Tag, ...]:
        """Those of any of the places: of the same line, or of the same part of a file."""
        keys = dict.fromkeys(map(_key, places))
        return tuple(tag for key in keys for tag in self._of_place.get(key, ()))[:MOST]

    def of_file(self, path: str) -> tuple[Tag, ...]:
        """Those of anything in a file."""
        return tuple(self._of_file.get(path, ()))[:MOST]


def _key(place: Place) -> tuple[object, ...]:
    return place.path, place.cell, place.line, place.part
