"""Sources of code cells in the JSON of a notebook, and their rewriting with every other byte kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.fixing.source import Edit, Unfit, apply
from nnlint.pattern import pattern

BOM = b"\xef\xbb\xbf"
SPACE = pattern(r"[ \t\n\r]*")
LINE = pattern(r"[^\n]*\n|[^\n]+")
DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Item:
    """A string of the JSON text: where its literal stands, and what it says."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell. ``items``: its source, a string or a list of them; ``listed`` tells which."""

    items: tuple[Item, ...]
    listed: bool

    @property
    def text(self) -> str:
        """The whole source."""
        return "".join(item.text for item in self.items)


Value = Any
"""A JSON value: a dict of values, a list of values, an Item, or None for the rest."""


def cells(data: bytes) -> tuple[Cell, ...]:
    """The code cells in order. Raises Unfit for what is no notebook in UTF-8."""
    text = _decoded(data)
    try:
        json.loads(text)  # what follows takes sound JSON for granted
        value, _ = _parse(text, _skip(text, 0))
        found = list(_code_cells(value))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise Unfit from None
    return tuple(found)


def rewritten(data: bytes, all_cells: Sequence[Cell], texts: Mapping[int, str]) -> bytes:
    """The notebook whose cells (from 1) have new texts."""
    text = _decoded(data)
    edits = [edit for n, new in texts.items() for edit in _edits(text, all_cells[n - 1], new)]
    bom = BOM if data.startswith(BOM) else b""
    return bom + apply(text, edits).encode()


def _decoded(data: bytes) -> str:
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise Unfit from None


def _edits(text: str, cell: Cell, new: str) -> Iterator[Edit]:
    """Only strings that change are written anew."""
    ascii_only = text.isascii()

    def literal(part: str) -> str:
        return json.dumps(part, ensure_ascii=ascii_only)

    if not cell.items:
        raise Unfit
    if not cell.listed:
        yield Edit(cell.items[0].start, cell.items[0].end, literal(new))
        return
    old, lines = [item.text for item in cell.items], _lines(new)
    first = _common(old, lines)
    last = min(_common(old[::-1], lines[::-1]), len(old) - first, len(lines) - first)
    gone, come = cell.items[first : len(old) - last], lines[first : len(lines) - last]
    between = _between(text, cell)
    if gone and come:
        yield Edit(gone[0].start, gone[-1].end, between.join(map(literal, come)))
    elif come and first:
        at = cell.items[first - 1].end
        yield Edit(at, at, "".join(between + literal(part) for part in come))
    elif come:
        at = cell.items[0].start
        yield Edit(at, at, "".join(literal(part) + between for part in come))
    elif gone and first:
        yield Edit(cell.items[first - 1].end, gone[-1].end, "")
    elif gone and last:
        yield Edit(gone[0].start, cell.items[len(gone)].start, "")
    elif gone:
        yield Edit(gone[0].start, gone[-1].end, literal(""))


def _between(text: str, cell: Cell) -> str:
    """What stands between two lines of the source: a comma and the space that this file has there."""
    if len(cell.items) > 1:
        return text[cell.items[0].end : cell.items[1].start]
    begin = cell.items[0].start
    return "," + text[text.rindex("[", 0, begin) + 1 : begin]


def _lines(text: str) -> list[str]:
    """Lines with their ends, as notebooks keep them."""
    return [line for line in LINE.findall(text) if line]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """How many strings both begin with."""
    both = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in both if a != b), min(len(left), len(right)))


def _code_cells(notebook: Value) -> Iterator[Cell]:
    for cell in notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]:
        kind = cell.get("cell_type")
        if not isinstance(kind, Item) or kind.text != "code":
            continue
        source = cell.get("source", cell.get("input", []))
        listed = not isinstance(source, Item)
        yield Cell(tuple(source) if listed else (source,), listed)


def _skip(text: str, index: int) -> int:
    match = SPACE.match(text, index)
    return match.end() if match else index


def _parse(text: str, start: int) -> tuple[Value, int]:
    """The value that begins at ``start``, and where it ends."""
    if text[start] in "{[":
        return _collection(text, start, keyed=text[start] == "{")
    value, end = DECODER.raw_decode(text, start)
    return (Item(start, end, value) if isinstance(value, str) else None), end


def _collection(text: str, start: int, *, keyed: bool) -> tuple[Value, int]:
    members: dict[str, Value] = {}
    elements: list[Value] = []
    index = _skip(text, start + 1)
    while text[index] not in "}]":
        key = ""
        if keyed:
            key, index = DECODER.raw_decode(text, index)
            index = _skip(text, _skip(text, index) + 1)  # the colon
        value, index = _parse(text, index)
        members[key] = value
        elements.append(value)
        index = _skip(text, index)
        if text[index] == ",":
            index = _skip(text, index + 1)
    return (members if keyed else elements), index + 1
