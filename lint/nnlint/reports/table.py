"""Aligned columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlint.reports.style import visible, width

NARROWEST = 8
GAP = "  "


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """The rows below their header, numbers to the right; long cells are cut to fit ``room``."""
    cells = [tuple(map(visible, row)) for row in (header, *rows)]
    limit = _limit([max(map(width, column)) for column in zip(*cells, strict=True)], room)
    numeric = [all(_number(c) for c in column[1:]) for column in zip(*cells, strict=True)]
    cells = [tuple(cut(c, limit) for c in row) for row in cells]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield GAP.join(map(_padded, row, widths, numeric)).rstrip()


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` columns, with … for what is left out."""
    if width(text) <= limit:
        return text
    while text and width(text) > limit - 1:
        text = text[:-1]
    return text + "…"


def _limit(widths: Sequence[int], room: int) -> int:
    """The largest width of a cell with which all columns fit ``room``."""
    limit = max(widths, default=0)
    while limit > NARROWEST and sum(min(w, limit) + len(GAP) for w in widths) > room:
        limit -= 1
    return limit


def _padded(cell: str, size: int, right: bool) -> str:
    space = " " * (size - width(cell))
    return space + cell if right else cell + space


def _number(text: str) -> bool:
    return text.strip("-+ ")[:1].isdigit() or text in ("", "–", "-")
