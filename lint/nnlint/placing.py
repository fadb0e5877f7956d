"""Places as other tools name them: a path from the root of the repository, a line of the file itself."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.lines import END_OF_LINE, lines_of
from nnlint.pattern import pattern

if TYPE_CHECKING:
    from nnlint.fixing.notebooks import Item

REPOSITORY, SCHEME = ".git", "://"
PART = pattern(r"(\w+) (?:'(.*)'|(\S+))(?: \(.*\))?", re.DOTALL)


def from_root(path: str) -> str:
    """The path from the root of the repository around the working directory, else from that directory.

    It has forward slashes, and is the same wherever in the repository nnlint is started; a path outside, and
    the address of a table in a data base, is given as it is.
    """
    if SCHEME in path:
        return path
    absolute, root = Path(os.path.normpath(Path(path).absolute())), _root(Path.cwd())
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return Path(path).as_posix()


def at_root(path: str) -> Path:
    """The resolved file of a path that ``from_root`` gave."""
    return (_root(Path.cwd()) / path).resolve()


@cache
def _root(folder: Path) -> Path:
    return next((f for f in (folder, *folder.parents) if (f / REPOSITORY).exists()), folder)


def in_file(place: Place) -> Place:
    """The place in the text of the file: for a cell of a notebook, in its JSON. Unknown places are line 0."""
    if not place.cell or not place.line:
        return place
    file = Path(place.path)
    book = _notebook(file.absolute(), file.stat().st_mtime_ns if file.is_file() else 0)
    cell = book.cells[place.cell - 1] if place.cell <= len(book.cells) else None
    start = _position(book, cell, place.line, max(place.column, 1)) if cell else None
    if cell is None or start is None:
        return replace(place, cell=0, line=0, column=0, end_line=0, end_column=0)
    end = _position(book, cell, place.end_line or place.line, place.end_column or 1) or start
    return Place(place.path, *start, *max(start, end), place.part)


def named(part: str) -> tuple[str, str] | None:
    """Kind and name of what a place is about: of ``column 'age'``, ``node 'fc' (Gemm)``, ``row 5``."""
    match = PART.fullmatch(part)
    return (match[1], match[3] if match[2] is None else match[2]) if match else None


def one_line(place: Place) -> Place:
    """The place without the lines after its first: tools show a span only where all its lines are changed."""
    if place.end_line <= place.line:
        return place
    lines = lines_of(place.path, place.cell)
    length = len(lines[place.line - 1]) if place.line <= len(lines) else place.column
    return replace(place, end_line=place.line, end_column=max(length, place.column) + 1)


@dataclass(frozen=True)
class _Cell:
    """A code cell. ``pieces``: where each string of its source stands in the JSON; ``offsets``: at which
    character of the source each begins; ``lines``: at which each line does; ``length`` of the source.
    """

    pieces: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    lines: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class _Notebook:
    """The JSON of a notebook, where its lines begin, and its code cells."""

    text: str = ""
    lines: tuple[int, ...] = (0,)
    cells: tuple[_Cell, ...] = ()


@lru_cache(maxsize=64)
def _notebook(path: Path, state: int) -> _Notebook:
    """``state`` makes a file that was written again a new one."""
    from nnlint.fixing import notebooks  # positions in JSON are needed for findings in notebooks only
    from nnlint.fixing.source import Unfit

    try:
        data = path.read_bytes()
        cells = [_cell(cell.items) for cell in notebooks.cells(data)]
    except (OSError, Unfit):
        return _Notebook()
    text = data.removeprefix(notebooks.BOM).decode()
    return _Notebook(text, (0, *(match.end() for match in re.finditer("\n", text))), tuple(cells))


def _cell(items: Sequence[Item]) -> _Cell:
    source = "".join(item.text for item in items)
    offsets = accumulate((len(item.text) for item in items[:-1]), initial=0)
    lines = (0, *(match.end() for match in END_OF_LINE.finditer(source)))
    return _Cell(tuple((item.start, item.end) for item in items), tuple(offsets), lines, len(source))


def _position(book: _Notebook, cell: _Cell, line: int, column: int) -> tuple[int, int] | None:
    """Line and column in the JSON of a line and column of a cell."""
    if not cell.pieces or not 0 < line <= len(cell.lines):
        return None
    wanted = min(cell.lines[line - 1] + column - 1, cell.length)
    piece = bisect_right(cell.offsets, wanted) - 1
    offsets = _offsets(book.text, *cell.pieces[piece])
    at = next(islice(offsets, wanted - cell.offsets[piece], None))
    row = bisect_right(book.lines, at)
    return row, at - book.lines[row - 1] + 1


def _offsets(text: str, start: int, end: int) -> Iterator[int]:
    """Where each character of a JSON string stands, and its end."""
    at = start + 1
    while at < end - 1:
        yield at
        length = {"u": 6}.get(text[at + 1], 2) if text[at] == "\\" else 1
        if length == 6 and text[at + 2 : at + 4].lower() in ("d8", "d9", "da", "db"):
            length = 12  # a surrogate pair is one character
        at += length
    yield max(at, start + 1)
    while True:
        yield end - 1
