"""``--watch``: lint again whenever something changes that the last run has looked at, until Ctrl-C.

What a run looks at is known (``nnlint.looks``), so polling costs one ``stat`` for each such path, works on
every platform and file system, and needs no other package; nothing else on the disk can change the result.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from nnlint import looks
from nnlint.config import UsageError
from nnlint.reports.style import paint
from nnlint.terminal import colored

EVERY = 0.5
"""Seconds between looks; a change is taken up when nothing more has changed for as long."""

CLEAR = "\x1b[2J\x1b[3J\x1b[H"
"""Clears a terminal and what scrolled out of it."""

Stamps = dict[str, tuple[int, ...] | None]


def run(options: argparse.Namespace, lint: Callable[[argparse.Namespace], int]) -> int:
    """Lint over and over; 0 when the user ends it."""
    if "-" in options.paths:
        raise UsageError("--watch is for files, and - is standard input")
    try:
        while True:
            stamps = _run_once(options, lint)
            while stamps == (now := stamped(stamps)):
                time.sleep(EVERY)
            while now != (later := stamped(now)):
                now = later
                time.sleep(EVERY)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0


def _run_once(options: argparse.Namespace, lint: Callable[[argparse.Namespace], int]) -> Stamps:
    """Lint, and give the state in which everything was that the run looked at."""
    if sys.stdout.isatty():
        sys.stdout.write(CLEAR)
    now = time.strftime("%H:%M:%S")
    print(paint(f"{now}  watching; Ctrl-C ends", "dim", color=colored(options.color, sys.stdout)), flush=True)
    before = time.time_ns()
    this = copy.copy(options)
    this.written = []  # reports, whose change is none
    with looks.recording() as seen:
        try:
            lint(this)
        except UsageError as error:  # a configuration that is being written
            print(f"nnlint: {error}", file=sys.stderr)
    sys.stdout.flush()
    own = {Path(file).absolute() for file in this.written}
    stamps = stamped(path for _, path in seen.answers if Path(path).absolute() not in own)
    written_meanwhile = {path for path, stamp in stamps.items() if stamp and max(stamp[:2]) >= before}
    return stamps | dict.fromkeys(written_meanwhile, (0,))


def stamped(paths: Iterable[str]) -> Stamps:
    """The times, size and identity of each path; None for what is not there."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - hundreds of paths twice a second
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino
