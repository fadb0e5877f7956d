"""Where a fact comes from: a span of text, a column, a graph node, a tensor, an image."""

from __future__ import annotations

from nnlint.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a file. Lines and columns count from 1; 0 means "not in text, or the whole file".

    ``part`` names what has no line: ``column 'age'``, ``node 'head/Relu'``, ``tensor 'fc.weight'``.
    ``cell`` is the number of a notebook's code cell (from 1); lines then count within the cell.
    ``end_column`` is exclusive, as in Python's ``ast`` plus one.
    """

    path: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    part: str = ""
    cell: int = 0

    def __str__(self) -> str:
        text = self.path
        if self.cell:
            text += f":cell {self.cell}"
        if self.line:
            text += f":{self.line}:{self.column}"
        return f"{text} {self.part}" if self.part else text


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain of evidence behind a finding: what was seen, and where."""

    place: Place
    message: str
