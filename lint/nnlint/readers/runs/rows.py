"""Logs as rows of named figures: CSV, JSON Lines, lists and histories in JSON, trainer_state.json."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnlint.pattern import pattern
from nnlint.readers.runs.detect import EXPORTED, separated
from nnlint.readers.runs.records import Cell, Row

MOST_BYTES = 256 << 20
ABSENT = frozenset({"", "none", "null", "na", "n/a", "-", "<na>"})
NUMBER = pattern(r"^tensor\((?P<inside>[^,)]+).*\)$")
NESTED = ("history", "metrics", "logs", "log")
"""Keys under which a history may lie one level below the top."""

LARGEST_INTEGER = 10**300
"""Larger ones have no float."""


class Malformed(Exception):
    """The file is not what its name says; the message is the reason."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def read_rows(path: Path) -> list[Row]:
    """The rows of a log. Raises Malformed."""
    if path.stat().st_size > MOST_BYTES:
        raise Malformed(f"a log of more than {MOST_BYTES >> 20} MB")
    if path.name.lower().endswith((".csv", ".tsv")):
        return _table(path)
    return _json(path)


def _table(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        separator = separated(file.readline())
        file.seek(0)
        reader = csv.reader(file, delimiter=separator)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            tag = _exported(path, header)
            names = [tag if tag and n.lower() == "value" else n for n in header]
            return [Row(_cells(names, row), reader.line_num) for row in reader if row]
        except csv.Error as error:
            raise Malformed(f"not readable as CSV: {error}", reader.line_num) from None


def _exported(path: Path, header: Sequence[str]) -> str:
    """The tag in the name of a file that TensorBoard exported: ``run-exp1-tag-Loss_train.csv``."""
    if tuple(h.lower() for h in header) != EXPORTED:
        return ""
    return path.stem.rpartition("tag-")[2]


def _cells(names: Sequence[str], row: Sequence[str]) -> dict[str, Cell]:
    pairs = zip(names, row, strict=False)  # a last line may be cut off where training was stopped
    return {name: value for name, text in pairs if (value := _cell(text)) is not None}


def _cell(text: str) -> Cell | None:
    text = text.strip()
    if text.lower() in ABSENT:
        return None
    tensor = NUMBER.match(text)
    try:
        return float(tensor["inside"] if tensor else text)
    except ValueError:
        return text


def _json(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if not text.strip():
        raise Malformed("the file is empty")
    try:
        content = json.loads(text)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as error:
        return _lines(text, str(error))
    return list(_rows(content))


def _lines(text: str, reason: str) -> list[Row]:
    """JSON Lines; a last line that is cut off is left out."""
    rows, lines = list[Row](), text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            if number == len(lines) and rows:
                break
            where = re.search(r"line (\d+)", reason) if not rows else None
            raise Malformed(f"not JSON: {reason[:80]}", int(where[1]) if where else number) from None
        if isinstance(record, dict):
            rows.append(Row(_figures(record), number))
    return rows


def _rows(content: Any) -> Iterator[Row]:
    if isinstance(content, list):
        yield from (Row(_figures(record)) for record in content if isinstance(record, dict))
    elif isinstance(content, dict) and isinstance(content.get("log_history"), list):
        yield from _rows(content["log_history"])
    elif isinstance(content, dict):
        columns = _columns(content)
        for key in NESTED:
            nested = content.get(key)
            if not columns and isinstance(nested, dict):
                columns = _columns(nested)
            elif not columns and isinstance(nested, list):
                yield from _rows(nested)
        longest = max(map(len, columns.values()), default=0)
        counted = any(n.lower() in ("epoch", "epochs", "step", "steps") for n in columns)
        for i in range(longest):
            record = {name: values[i] for name, values in columns.items() if i < len(values)}
            yield Row(_figures(record if counted else {"epoch": i + 1, **record}))


def _columns(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The lists of numbers of a history; pandas writes them as objects with row numbers for keys."""
    found: dict[str, list[Any]] = {}
    for name, values in content.items():
        if isinstance(values, dict) and values and all(str(k).isdigit() for k in values):
            values = list(values.values())
        if isinstance(values, list) and values and all(v is None or _is_number(v) for v in values):
            found[str(name)] = values
    return found


def _figures(record: Mapping[Any, Any]) -> dict[str, Cell]:
    """The numbers and texts of a record; those of one level below are called ``outer/inner``."""
    found: dict[str, Cell] = {}
    for name, value in record.items():
        if _is_number(value):
            found[str(name)] = float(value)
        elif isinstance(value, str):
            cell = _cell(value)
            found |= {} if cell is None else {str(name): cell}
        elif isinstance(value, dict):
            found |= {f"{name}/{k}": float(v) for k, v in value.items() if _is_number(v)}
    return found


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST_INTEGER)
