"""Places as other tools name them: a path from the root of the repository, a line of the file itself."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from nnlint.evidence.place import Place
from nnlint.lines import END_OF_LINE, lines_of

REPOSITORY = ".git"
PART = re.compile(r"(\w+) (?:'(.*)'|(\S+))(?: \(.*\))?", re.DOTALL)


def from_root(path: str) -> str:
    """The path from the root of the repository around the working directory, else from that directory.

    It has forward slashes, and is the same wherever in the repository nnlint is started; a path outside is
    given as it is.
    """
    absolute, root = Path(os.path.normpath(Path(path).absolute())), _root(Path.cwd())
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return Path(path).as_posix()


@cache
def _root(folder: Path) -> Path:
    return next((f for f in (folder, *folder.parents) if (f / REPOSITORY).exists()), folder)


def in_file(place: Place) -> Place:
    """The place in the text of the file: for a cell of a notebook, in its JSON. Unknown places are line 0."""
    if not place.cell or not place.line:
        return place
    file = Path(place.path)
    book = _notebook(file.absolute(), file.stat().st_mtime_ns if file.is_file() else 0)
    cell = book.cells[place.cell - 1] if place.cell <= len(book.cells) else ()
    start = _position(book, cell, place.line, max(place.column, 1))
    if start is None:
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


Piece = tuple[int, int, str]
"""A string of a cell's source: where its literal begins and ends in the JSON, and what it says."""


@dataclass(frozen=True)
class _Notebook:
    """The JSON of a notebook, where its lines begin, and its code cells."""

    text: str = ""
    lines: tuple[int, ...] = (0,)
    cells: tuple[tuple[Piece, ...], ...] = ()


@lru_cache(maxsize=64)
def _notebook(path: Path, state: int) -> _Notebook:
    """``state`` makes a file that was written again a new one."""
    from nnlint.fixing import notebooks  # positions in JSON are needed for findings in notebooks only
    from nnlint.fixing.source import Unfit

    try:
        data = path.read_bytes()
        cells = notebooks.cells(data)
    except (OSError, Unfit):
        return _Notebook()
    text = data.removeprefix(notebooks.BOM).decode()
    begins = (0, *(match.end() for match in re.finditer("\n", text)))
    return _Notebook(text, begins, tuple(tuple((i.start, i.end, i.text) for i in c.items) for c in cells))


def _position(book: _Notebook, cell: tuple[Piece, ...], line: int, column: int) -> tuple[int, int] | None:
    """Line and column in the JSON of a line and column of a cell."""
    source = "".join(said for _, _, said in cell)
    begins = [0, *(m.end() for m in END_OF_LINE.finditer(source))]
    if not 0 < line <= len(begins):
        return None
    wanted = min(begins[line - 1] + column - 1, len(source))
    for start, end, said in cell:
        if wanted < len(said) or (start, end, said) == cell[-1]:
            at = next(offset for n, offset in enumerate(_offsets(book.text, start, end)) if n >= wanted)
            line = bisect_right(book.lines, at)
            return line, at - book.lines[line - 1] + 1
        wanted -= len(said)
    return None


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
