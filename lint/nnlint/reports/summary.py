"""What was understood and what was found, in a line each: silence can be told from blindness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnlint.finding import Level
from nnlint.repair import Fix
from nnlint.reports import Look
from nnlint.reports.style import COLORS, count, grouped, paint
from nnlint.result import Result


def closing(result: Result, look: Look) -> Iterator[str]:
    """The last line: the numbers of findings, or what was read without any."""
    levels = Counter(f.level or Level.ERROR for f in result.findings)
    if look.verbosity > 0 and levels:
        yield understood(result)
    done = f"{count(len(result.fixed), 'finding')} fixed; " if result.fixed else ""
    if levels:
        left = ", ".join(
            paint(count(levels[level], level), COLORS[level], "bold", color=look.color)
            for level in Level
            if levels[level]
        )
        yield f"{done}{left}{' left' if done else ''}{_fixable(result)}{_silenced(result)}"
    elif not result.failures:
        none = paint("no findings", "green", color=look.color)
        yield f"{done}{understood(result)}: {none}{_silenced(result)}"


def _silenced(result: Result) -> str:
    """``; 2 suppressed, 5 in the baseline``: nnlint has seen them."""
    numbers = [(result.suppressed, "suppressed"), (result.known, "in the baseline")]
    parts = [f"{grouped(number)} {what}" for number, what in numbers if number]
    return f"; {', '.join(parts)}" if parts else ""


def _fixable(result: Result) -> str:
    """`` (2 fixable with --fix, 1 more with --fix --unsafe-fixes)``."""
    kinds = Counter(f.fix.safety for f in result.findings if f.fix)
    safe, unsafe = kinds[Fix.SAFE], kinds[Fix.UNSAFE]
    if not kinds or result.fixed:
        return ""
    more = "more" if safe else "fixable"
    parts = [f"{safe} fixable with --fix"] if safe else []
    parts += [f"{unsafe} {more} with --fix --unsafe-fixes"] if unsafe else []
    return f" ({', '.join(parts)})"


def understood(result: Result) -> str:
    """``read 3 networks, 2 training programs, 1 data set of 20 640 rows``."""
    read = result.read
    parts = [
        count(read.networks, "network"),
        count(read.training_programs, "training program"),
        _data(read.datasets, read.rows),
        count(read.weight_files, "file of weights", "files of weights"),
        count(read.runs, "log of training", "logs of training"),
    ]
    parts = [part for part in parts if not part.startswith("0 ")]
    if not read.networks and read.programs:
        parts.insert(0, count(read.programs, "program") + " without a network")
    return f"read {', '.join(parts)}" if parts else "read nothing"


def _data(datasets: int, rows: int) -> str:
    unit = "data set" if datasets == 1 else "data sets"
    return f"{datasets} {unit} of {count(rows, 'row')}"
