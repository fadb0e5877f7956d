"""Lines and characters from 1 (places) and offsets of characters, as positions of the protocol.

The protocol counts from 0, within a line in units of an encoding that client and server agree upon.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.fixing.source import Edit
from nnlint.lines import END_OF_LINE

Encoding = PositionEncodingKind | str
BYTES = {PositionEncodingKind.Utf8: ("utf-8", 1), PositionEncodingKind.Utf32: ("utf-32-le", 4)}
UTF16 = ("utf-16-le", 2)
"""Codec, and bytes of a unit."""


@dataclass(frozen=True)
class Positions:
    """Positions in one text."""

    text: str
    encoding: Encoding

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(m.end() for m in END_OF_LINE.finditer(self.text))]

    def line(self, number: int) -> str:
        """A line, from 0, without its end; "" where there is none."""
        if not 0 <= number < len(self._lines):
            return ""
        begin = self._lines[number]
        end = self._lines[number + 1] if number + 1 < len(self._lines) else len(self.text)
        return self.text[begin:end].rstrip("\r\n")

    def at(self, offset: int) -> Position:
        """The position of an offset."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._lines, offset) - 1
        return Position(line, units(self.text[self._lines[line] : offset], self.encoding))

    def character(self, position: Position) -> int:
        """The number of characters before a position in its line."""
        line, passed = self.line(position.line), 0
        if line.isascii():
            return min(max(position.character, 0), len(line))
        for number, character in enumerate(line):
            if passed >= position.character:
                return number
            passed += units(character, self.encoding)
        return len(line)

    def offset(self, position: Position) -> int:
        """The offset of a position; one behind the end of a line or text is that end."""
        if position.line >= len(self._lines):
            return len(self.text)
        return self._lines[max(position.line, 0)] + self.character(position)

    def of(self, place: Place) -> Range:
        """The span of a place, of which the first line is shown, as in a frame; the first line for a file."""
        number = min(max(place.line - 1, 0), len(self._lines) - 1)
        length = len(self.line(number))
        begin = min(max(place.column - 1, 0), length) if place.line else 0
        within = place.end_line in (0, place.line) and place.end_column > 1
        end = min(place.end_column - 1, length) if within else length
        return Range(self.in_line(number, begin), self.in_line(number, max(begin, end)))

    def end_of(self, place: Place) -> Position:
        """Where a place ends."""
        number = min(max(place.end_line - 1, 0), len(self._lines) - 1)
        return self.in_line(number, place.end_column - 1)

    def in_line(self, number: int, character: int) -> Position:
        """The position behind so many characters of a line, which counts from 0."""
        return Position(number, units(self.line(number)[: max(character, 0)], self.encoding))

    def edits(self, edits: Iterable[Edit]) -> list[TextEdit]:
        """Edits by offset, in order."""
        ordered = sorted(edits, key=lambda e: (e.start, e.end))
        return [TextEdit(Range(self.at(e.start), self.at(e.end)), e.text) for e in ordered]


def units(text: str, encoding: Encoding) -> int:
    """How many units of an encoding a text has."""
    if text.isascii():
        return len(text)
    codec, width = BYTES.get(PositionEncodingKind(encoding), UTF16)
    return len(text.encode(codec, "surrogatepass")) // width
