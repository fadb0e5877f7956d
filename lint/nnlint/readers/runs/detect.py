"""Whether a table or JSON file is a log of training: it counts steps or epochs, and tells a loss for each."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nnlint.pattern import pattern
from nnlint.readers.runs import printed
from nnlint.readers.runs.names import meaning, position, words

HEAD_BYTES = 64 << 10
ROWS = 20
TRAINER_STATE = "trainer_state.json"
EVENTS = "tfevents"

NUMBERS = pattern(r'"([^"\\]{1,80})"\s*:\s*[\[{]\s*(?:"0"\s*:\s*)?(?:-?\d|NaN|-?Infinity)')
"""A key with a list of numbers, or with the object that pandas writes for a column."""
EXPORTED = ("wall time", "step", "value")
"""The header of a curve that TensorBoard exports as CSV; the file is called after its run and tag."""


def is_log(path: Path) -> bool:
    """Whether the file is a run history by its name and beginning. Never raises."""
    name = path.name.lower()
    if EVENTS in name:
        return not name.endswith((".py", ".ipynb"))
    if name == TRAINER_STATE:
        return True
    ends = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", *printed.ENDS)
    if not name.endswith(ends):
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    if b"\0" in head[:1024]:
        return False
    text = head.decode("utf-8-sig", errors="replace")
    if name.endswith(printed.ENDS):
        return printed.tells_a_run(text)
    return _is_table(text, name) if name.endswith((".csv", ".tsv")) else _is_json(text)


def separated(header: str) -> str:
    """The separator of a header line."""
    return max((",", ";", "\t", "|"), key=header.count)


def _is_table(text: str, name: str) -> bool:
    lines = text.splitlines()
    if not lines:
        return False
    separator = separated(lines[0])
    try:
        rows = list(itertools.islice(csv.reader(lines, delimiter=separator), ROWS + 1))
    except csv.Error:
        return False
    header = [cell.strip() for cell in rows[0]]
    if tuple(h.lower() for h in header) == EXPORTED:
        return is_record_of([*header, name])
    return is_record_of(header) and _counts([dict(zip(header, row, strict=False)) for row in rows[1:]])


def is_record_of(names: Iterable[str]) -> bool:
    """Whether figures with these names are those of a run: a counter and a loss, or an error by splits."""
    names = list(names)
    if not any(map(position, names)):
        return False
    return _tells(names)


def _tells(names: Sequence[str]) -> bool:
    meanings = [meaning(n) for n in names if not position(n)]
    if any(m.quantity == "loss" for m in meanings):
        return True
    splits: dict[str, set[str]] = {}
    for m in meanings:
        if m.quantity in ("error", "score"):
            splits.setdefault(m.stem, set()).add(m.split)
    return any("train" in s and len(s) > 1 for s in splits.values())


def _counts(rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether a counter is one: it does not fall, but to begin anew. Anything else is a feature of rows."""
    counters = [n for n in (rows[0] if rows else {}) if position(n)]
    for name in counters:
        values = [v for row in rows if (v := _number(row.get(name, ""))) is not None and v >= 0]
        falls = sum(b < a for a, b in itertools.pairwise(values))
        if values and falls <= len(values) // 4:
            return True
    return not rows


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _is_json(text: str) -> bool:
    stripped = text.lstrip()
    if '"log_history"' in text:
        return True
    for line in stripped.splitlines()[:5]:
        record = _first(line)
        if isinstance(record, dict) and is_record_of(map(str, record)) and _plain(record):
            return True
    if stripped.startswith("["):
        record = _first(stripped[1:].lstrip())
        return isinstance(record, dict) and is_record_of(map(str, record))
    return stripped.startswith("{") and _tells(NUMBERS.findall(text)) and not _weighs(text)


def _plain(record: Mapping[str, object]) -> bool:
    return not any(isinstance(v, dict) for v in record.values())


def _weighs(text: str) -> bool:
    """Whether it sets the weights of several losses, as configurations do; then it tells no history."""
    found = {w for name in re.findall(r'"([^"\\]{1,80})"\s*:', text) for w in words(name)}
    return bool(found & {"optimizer", "optim", "batch", "dataset"}) and "epoch" not in found


def _first(text: str) -> object:
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
