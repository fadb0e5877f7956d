"""JSON: one object a line, or a list of objects."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import BinaryIO

import polars as pl

from nnlint.readers.data.packed import unpacked
from nnlint.readers.data.tables import IN_MEMORY_BYTES, Malformed, Table, guarded, shortened, unique

LOOK_ROWS = 10_000
LIST_BYTES = 256 << 20
"""Bytes of a list of objects that is read: it is in memory as a whole."""


def open_json_lines(path: Path) -> Table:
    """JSON Lines: one object a line, plain or packed. Raises Malformed with the line that is none."""
    if path.stat().st_size == 0:
        raise Malformed("the file is empty")
    data = unpacked(path)
    size = path.stat().st_size if data is None else len(data)
    try:
        with guarded("not JSON Lines"):
            frame = pl.scan_ndjson(path if data is None else io.BytesIO(data), infer_schema_length=LOOK_ROWS)
            if data is not None or size <= IN_MEMORY_BYTES:
                frame = frame.collect(engine="streaming").lazy()
            rows = frame.select(pl.len()).collect(engine="streaming").item()
    except Malformed as problem:
        raise _broken_line(path, data) or problem from None
    if not rows:
        raise Malformed("no rows")
    broken = _broken_line(path, data) if size <= IN_MEMORY_BYTES else None
    return Table(path, "jsonl", frame, rows=rows, first_line=1, complaints=(broken,) if broken else ())


def _broken_line(path: Path, data: bytes | None) -> Malformed | None:
    file: BinaryIO = path.open("rb") if data is None else io.BytesIO(data)
    with file:
        for number, line in enumerate(file, start=1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return Malformed("not a JSON object", number)
            except (ValueError, RecursionError) as error:
                return Malformed(f"not a JSON object: {shortened(error)}", number)
    return None


def open_json(path: Path) -> Table:
    """A list of objects, as pandas writes records. Raises Malformed."""
    data = unpacked(path)
    if (path.stat().st_size if data is None else len(data)) > LIST_BYTES:
        raise Malformed("a JSON list of more than 256 MB; save it as JSON Lines")
    try:
        found = json.loads(path.read_bytes() if data is None else data)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {shortened(error)}", getattr(error, "lineno", 0)) from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Malformed("not a list of objects: no table")
    if not found:
        raise Malformed("no rows")
    with guarded("not a table"):
        frame = pl.from_dicts(found, infer_schema_length=None, strict=False)
        frame.columns = unique(frame.columns)
    return Table(path, "json", frame.lazy(), rows=len(found))
