"""Where reports go: ``--output-format FORMAT[:FILE]``, several in one run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nnlint.config import UsageError
from nnlint.dataclass import dataclass
from nnlint.meant import did_you_mean
from nnlint.reports import REPORTS, Look, render
from nnlint.result import Result
from nnlint.terminal import colored, columns, linked

NARROWEST, WIDEST = 60, 120


@dataclass(frozen=True)
class Output:
    """A report, and the file it goes to; None is standard output."""

    format: str
    file: str | None = None


def outputs(texts: Iterable[str], file: str | None = None) -> tuple[Output, ...]:
    """The outputs asked for, as ``text``, ``sarif:out.sarif`` or several with commas between.

    ``file`` is where the one without a file goes. Raises UsageError for an unknown format.
    """
    found = [output for text in texts for output in _outputs(text)]
    if file is None:
        return tuple(found)
    without = [output for output in found if output.file is None]
    if len(without) != 1:
        raise UsageError("--output-file is for one format; say --output-format FORMAT:FILE for each")
    return tuple(Output(o.format, file) if o.file is None else o for o in found)


def _outputs(text: str) -> Iterator[Output]:
    parts: list[str] = []
    for part in text.split(","):  # a comma in the name of a file separates nothing
        if parts and part.strip().partition(":")[0] not in REPORTS and ":" in parts[-1]:
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    for part in parts:
        name, _, file = part.partition(":")
        if name not in REPORTS:
            known = f"; one of {', '.join(REPORTS)}"
            raise UsageError(f"unknown output format {name}{did_you_mean(name, REPORTS, known)}")
        yield Output(name, None if file in ("", "-") else file)


def write(result: Result, wanted: Sequence[Output], *, color: str, verbosity: int) -> None:
    """Render and write all reports. Raises UsageError for a file that cannot be written."""
    width = min(max(columns(WIDEST), NARROWEST), WIDEST)
    for output in wanted:
        to_file = output.file is not None
        coloring = colored(color, sys.stdout) and not (to_file and color == "auto")
        links = not to_file and linked(color, sys.stdout)
        text = render(output.format, result, Look(coloring, verbosity, width, links))
        if output.file is None:
            sys.stdout.write(text)
            continue
        try:
            Path(output.file).write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"{output.file}: {error.strerror}") from None
