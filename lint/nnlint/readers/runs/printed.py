"""Logs as programs print them: a line for each epoch or step, with a name before each figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nnlint.pattern import pattern
from nnlint.readers.runs.names import SPLITS, meaning, position, words
from nnlint.readers.runs.records import Cell, Row

ENDS = (".log", ".out", ".txt")
FEWEST_ROWS = 3
"""Lines with a loss that a text must have at its beginning: prose has one, as an example."""

MOST_CHARACTERS = 2_000
"""Of a line that is looked at; a progress bar that redraws itself is cut to its last state before."""

NAME = r"[A-Za-z][A-Za-z_/@\d]*"
FIGURE = pattern(
    rf"(?P<name>{NAME}(?:[ _-]{NAME}){{0,3}})[\"']?[ \t]*[:=]?[ \t]*[\[(]?[ \t]*"
    r"(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|-?inf)(?![\w.])"
    r"(?:[ \t]*/[ \t]*(?P<whole>\d+))?",
    re.IGNORECASE,
)
NUMBERED = pattern(
    r"\s*(?:[\[(#]\s*(?P<number>\d{1,6})\s*(?:/\s*\d+\s*)?[\])]?|(?P<plain>\d{1,6})\s*[:|])(?=[\s,:|-])"
)
"""A line that begins with its number: ``[12] loss=0.31``, ``[12/90]``, ``#12``, ``12: loss 0.31``."""
REDRAWN = pattern(r"[\r\b]+")
COLOUR = pattern(r"\x1b\[[\d;]*[A-Za-z]")


def tells_a_run(text: str) -> bool:
    """Whether a text is what a training program printed: its lines count epochs or steps, and tell a loss."""
    lowered = text.lower()
    if "loss" not in lowered:
        return False
    found = 0
    for row in printed_rows(text.split("\n")):
        counted = any(position(name) for name in row.figures)
        found += counted and any(meaning(name).quantity == "loss" for name in row.figures)
        if found >= FEWEST_ROWS:
            return True
    return False


def printed_rows(lines: Iterable[str]) -> Iterator[Row]:
    """A row for each line that tells figures; lines below ``Epoch 3/10`` are of that epoch."""
    epoch: float | None = None
    for number, line in enumerate(lines, start=1):
        shown = _last_state(line)
        counters, figures = _figures(shown)
        if figures and not counters and epoch is None and (first := NUMBERED.match(shown)):
            counters = {"epoch": float(first["number"] or first["plain"])}
            yield Row({**counters, **figures}, number)
            continue
        epoch = counters.get("epoch", epoch)
        if figures:
            at: dict[str, Cell] = {} if epoch is None else {"epoch": epoch}
            yield Row({**at, **counters, **figures}, number)


def _last_state(line: str) -> str:
    """What a line shows in the end: progress bars write over themselves."""
    states = [state for state in REDRAWN.split(line) if state.strip()]
    return COLOUR.sub("", states[-1])[-MOST_CHARACTERS:] if states else ""


def _figures(line: str) -> tuple[dict[str, float], dict[str, Cell]]:
    """The counters of a line, as ``epoch`` and ``step``, and its figures by name."""
    counters: dict[str, float] = {}
    figures: dict[str, Cell] = {}
    phase = ""
    for match in FIGURE.finditer(line):
        name, value = match["name"], float(match["value"])
        head, last = name[: name.rfind(" ") + 1], re.split(r"[ ]", name)[-1]
        counter = position(last)
        if counter:
            counters.setdefault(counter, value)
            phase = phase or _split(head)
            continue
        means = meaning(name)
        if not means.quantity:
            continue
        if match["whole"]:
            value /= float(match["whole"]) or 1.0
        said = name if means.split else " ".join(filter(None, (phase or _split(line[: match.start()]), name)))
        figures.setdefault(said, value)
    return counters, figures


def _split(text: str) -> str:
    """The split that the words before a figure name: ``Test set: Average``, ``[val]``."""
    return next((SPLITS[w] for w in reversed(words(text)) if w in SPLITS and w not in ("tr", "dev")), "")
