"""What a program logs at once: figures by their names."""

from __future__ import annotations

from collections.abc import Mapping

from nnlint.dataclass import dataclass

Cell = float | str


@dataclass(frozen=True, slots=True)
class Row:
    """What was logged at once. ``line``: in the file, 0 where it has no lines."""

    figures: Mapping[str, Cell]
    line: int = 0
