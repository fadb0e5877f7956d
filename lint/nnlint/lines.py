"""The lines that findings point at: source files and cells of notebooks, read for frames and comments."""

from __future__ import annotations

import io
import stat
import tokenize
from functools import lru_cache
from pathlib import Path

from nnlint.pattern import pattern

END_OF_LINE = pattern(r"\r\n|\r|\n")
"""What ends a line for Python; ``str.splitlines`` would also split at form feeds."""

LARGEST = 20_000_000
"""Bytes; a longer file is shown without its lines."""

STAND_INS: dict[Path, bytes] = {}
"""Resolved file -> what was linted in its stead: standard input, text that an editor has not saved."""


def lines_of(path: str, cell: int = 0) -> tuple[str, ...]:
    """The lines of a file or of a notebook's code cell (from 1); empty when they cannot be had."""
    file = Path(path).absolute()
    if STAND_INS and (data := STAND_INS.get(file.resolve())) is not None:
        return lines_in(data, cell)
    try:
        state = file.stat()
    except OSError:
        return ()
    if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST:
        return ()
    return _lines(file, cell, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=64)
def _lines(file: Path, cell: int, state: tuple[int, int]) -> tuple[str, ...]:
    """``state`` makes a file that was written again a new one."""
    try:
        data = file.read_bytes()
    except OSError:
        return ()
    return lines_in(data, cell)


def lines_in(data: bytes, cell: int = 0) -> tuple[str, ...]:
    """The lines of a file with this content, or of a notebook's code cell."""
    if not cell:
        return tuple(END_OF_LINE.split(decoded(data)))
    cells = cells_of(data)
    return tuple(END_OF_LINE.split(cells[cell - 1])) if cell <= len(cells) else ()


def cells_of(data: bytes) -> tuple[str, ...]:
    """The sources of a notebook's code cells; empty when it is no notebook."""
    import json

    try:
        notebook = json.loads(data)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        sources = [c.get("source", c.get("input", "")) for c in cells if c.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return ()
    return tuple("".join(map(str, s)) if isinstance(s, list) else str(s) for s in sources)


def decoded(data: bytes) -> str:
    """The text of a source file, in the encoding that it declares."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, errors="replace")
    except (SyntaxError, LookupError):
        return data.decode("utf-8", errors="replace")
