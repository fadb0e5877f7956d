"""``nnlint show PATH...``: what nnlint understood, so that silence can be told from blindness."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnlint import engine
from nnlint.cli import USAGE
from nnlint.commands.given import explained, no_such_path, present, settings_of
from nnlint.progress import Progress
from nnlint.reports.cards import Record, cards
from nnlint.reports.style import grouped, paint, shown, visible
from nnlint.reports.table import aligned
from nnlint.terminal import colored

MOST_ROWS = 60
"""Rows of a table that are printed; the JSON has them all."""

BAR = 40
"""Characters of a bar that stands for the whole."""

NARROWEST, WIDEST = 60, 140


def run(options: argparse.Namespace) -> int:
    """Read and print. Nothing is judged: unreadable files are shown, not counted as findings."""
    chosen = settings_of(options)
    paths, missing = present(options.paths, chosen)
    with Progress() as progress:
        reading = engine.read(paths, chosen, progress)
    document = cards(reading.evidence)
    notes = [{"path": shown(n.path), "message": n.message} for n in reading.notes]
    if options.output_format == "json":
        everything = {"version": 1, **document, "notes": notes}
        print(json.dumps(everything, indent=2))
    else:
        width = min(max(shutil.get_terminal_size((WIDEST, 0)).columns, NARROWEST), WIDEST)
        color = colored(options.color, sys.stdout)
        for line in _document({**document, **({"notes": notes} if notes else {})}, width, color):
            print(line)
    for message in [*map(no_such_path, missing), *explained(reading.failures, verbose=False)]:
        print(f"nnlint: {message}", file=sys.stderr)
    return USAGE if missing or reading.failures else 0


def _document(document: Mapping[str, Sequence[Record]], width: int, color: bool) -> Iterator[str]:
    if not document:
        yield "nothing was understood: no network, training program or data set"
    for kind, records in document.items():
        yield paint(f"{kind.replace('_', ' ')} ({len(records)})", "bold", color=color)
        if all(_flat(r) for r in records):
            yield from _table(records, 2, width)
        for number, record in enumerate(records):
            if not all(_flat(r) for r in records):
                yield from [""] * bool(number)
                yield from _record(record, 2, width)
        yield ""


def _flat(record: Record) -> bool:
    return not any(isinstance(v, dict) or (isinstance(v, list) and v) for v in record.values())


def _record(record: Record, indent: int, width: int) -> Iterator[str]:
    """A record as ``key: value`` lines; lists of records become tables. What is not known is left out."""
    margin = " " * indent
    for key, value in record.items():
        label = key.replace("_", " ")
        if value is None or value == []:
            continue
        if isinstance(value, list) and isinstance(value[0], dict):
            yield f"{margin}{label}:"
            yield from _table([*map(_with_bar, value)], indent + 2, width)
        elif isinstance(value, dict):
            yield f"{margin}{label}: {', '.join(f'{k} {text(v)}' for k, v in value.items() if v is not None)}"
        else:
            yield f"{margin}{label}: {visible(text(value))}"


def _with_bar(record: Record) -> Record:
    """A record of a share with a bar as long."""
    share = record.get("share")
    return {**record, "bar": "█" * max(1, round(share * BAR))} if isinstance(share, float) else record


def _table(records: Sequence[Record], indent: int, width: int) -> Iterator[str]:
    """Records with equal keys; columns without any value are left out."""
    keys = [k for k in records[0] if any(r.get(k) not in (None, []) for r in records)]
    rows = [[text(r.get(k)) for k in keys] for r in records[:MOST_ROWS]]
    header = [k.replace("_", " ") for k in keys]
    yield from (" " * indent + row for row in aligned(header, rows, width - indent))
    if len(records) > MOST_ROWS:
        yield " " * indent + f"… and {len(records) - MOST_ROWS} more"


def text(value: Any) -> str:
    """A value for people: ``yes``, ``1 234 567``, ``0.00123``, ``a, b``."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return grouped(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(text, value)) if isinstance(value, list) else str(value)
