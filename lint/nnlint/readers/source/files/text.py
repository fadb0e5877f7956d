"""Source files and notebooks as text with an ``ast``: decoding, cells, positions."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import warnings
from functools import cached_property
from pathlib import Path

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import kept

MAX_BYTES = 5_000_000
"""Larger sources are data in Python's clothes; ast.parse would need gigabytes for them."""

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python whose grammar files are read by; newer syntax needs nnlint to run on a newer Python."""

MAGIC = pattern(r"^(\s*)(%|!|\?|.*\?\s*$)")


@dataclass(frozen=True, eq=False)
class Text:
    """One Python text: a file, or all code cells of a notebook one after another.

    ``cells`` gives, for each line (from 1), the number of its cell and the line within it; empty for files.
    """

    path: str
    source: str
    tree: ast.Module
    cells: tuple[tuple[int, int], ...] = ()

    def place(self, node: ast.AST) -> Place:
        """Where a node stands; columns count characters from 1."""
        return kept(node, "_place", self._place)

    def _place(self, node: ast.AST) -> Place:
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or 1
        column = self._column(line, getattr(node, "col_offset", 0))
        end_column = self._column(end, getattr(node, "end_col_offset", None) or 0)
        if self.cells:
            cell, local = self.cells[line - 1]
            return Place(self.path, local, column, local + end - line, end_column, cell=cell)
        return Place(self.path, line, column, end, end_column)

    def _column(self, line: int, offset: int) -> int:
        # ast counts UTF-8 bytes; only lines with other characters need counting again.
        if self.source.isascii():
            return offset + 1
        lines = self.lines
        text = lines[line - 1] if line <= len(lines) else ""
        return len(text.encode()[:offset].decode(errors="ignore")) + 1

    @cached_property
    def lines(self) -> list[str]:
        """The lines as ast counts them: form feeds and the like end none, unlike ``str.splitlines``."""
        return re.split(r"\r\n|\r|\n", self.source)


def read_text(path: Path, data: bytes | None = None) -> Text | Unreadable:
    """Parse a ``.py`` file or a notebook, or ``data`` in its stead. Never raises for bad content."""
    name = str(path)
    try:
        if (path.stat().st_size if data is None else len(data)) > MAX_BYTES:
            looks.file(path)
            return Unreadable(Place(name), "python", f"larger than {MAX_BYTES:_} bytes")
        data = looks.read(path) if data is None else data
    except OSError as error:
        looks.file(path)
        return Unreadable(Place(name), "python", error.strerror or str(error))
    if path.suffix == ".ipynb":
        return _notebook(name, data)
    if b"\0" in data:
        return Unreadable(Place(name), "python", "binary data, not Python source (it holds NUL bytes)")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        source = data.decode(encoding)
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        return Unreadable(Place(name), "python", f"not text in its declared encoding: {error}")
    return parse(name, source)


def parse(path: str, source: str, cells: tuple[tuple[int, int], ...] = ()) -> Text | Unreadable:
    """Parse source text; a syntax error gives its line and column."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        if cells:
            cell, line = cells[min(line, len(cells)) - 1]
            place = Place(path, line, column, line, column + 1, cell=cell)
        else:
            place = Place(path, line, column, line, column + 1)
        return Unreadable(place, "python", f"syntax error: {error.msg} (as Python {VERSION})")
    except (ValueError, RecursionError, MemoryError) as error:
        return Unreadable(Place(path), "python", f"cannot be parsed: {error or type(error).__name__}")
    return Text(path, source, tree, cells)


def _notebook(path: str, data: bytes) -> Text | Unreadable:
    import json

    try:
        notebook = json.loads(data)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        codes = [c for c in cells if c.get("cell_type") == "code"]
        texts = [_cell_source(c) for c in codes]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        return Unreadable(Place(path), "notebook", f"not a Jupyter notebook: {type(error).__name__}: {error}")
    lines: list[str] = []
    origin: list[tuple[int, int]] = []
    for number, text in enumerate(texts, 1):
        for local, line in enumerate(without_magics(text), 1):
            lines.append(line)
            origin.append((number, local))
    return parse(path, "\n".join(lines) + "\n", (*origin, origin[-1] if origin else (1, 1)))


def _cell_source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(source) if isinstance(source, list) else str(source)


def without_magics(text: str) -> list[str]:
    """Lines with IPython's own commands blanked out; a ``%%magic`` cell is not Python at all."""
    lines = re.split(r"\r\n|\r|\n", text)
    if lines and lines[0].lstrip().startswith("%%"):
        keep = lines[0].split()[0] in ("%%time", "%%timeit", "%%capture")
        return ["", *lines[1:]] if keep else [""] * len(lines)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [f"{m[1]}pass" if (m := MAGIC.match(line)) else line for line in lines]
    return lines
