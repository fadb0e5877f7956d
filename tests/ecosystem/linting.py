"""Lint one folder in this process and print what came out of it as JSON: run as a child, with a time limit."""

from __future__ import annotations

import ast
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.ecosystem.coverage import coverage

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.source import Program
from nnlint.finding import Finding, Level
from nnlint.network.graph import Network
from nnlint.readers.source import mentions_framework

SLOW = 2.0
"""Seconds for one file that are too many."""


def main(folder: str) -> None:
    """Measure and print."""
    os.chdir(folder)
    print(json.dumps(measured(Path())))


def measured(folder: Path) -> Mapping[str, Any]:
    """Findings above hint, failures, times and sizes of a folder. The time of parsing is of the same files."""
    files = sorted(p for p in folder.rglob("*.py") if p.is_file())
    parsing, lines = _parsing([p for p in files if mentions_framework(p)])
    watch = Stopwatch()
    began = time.process_time()
    result = engine.run([str(p) for p in files], Settings(), watch)
    seconds = time.process_time() - began
    watch("")
    networks = [e for e in result.evidence if isinstance(e, Network)]
    return {
        "findings": [_finding(f) for f in result.findings if f.level is not Level.HINT],
        "failures": [f"{f.where}: {f.error!r}" for f in result.failures],
        "lines": lines,
        "programs": sum(isinstance(e, Program) for e in result.evidence),
        "networks": len(networks),
        "seconds": seconds,
        "parsing": parsing,
        "slow": watch.slow(),
        **coverage(files, result.evidence),
    }


class Stopwatch:
    """Called with each path before it is read: the time until the next call is that path's."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._current, self._since = "", time.process_time()

    def __call__(self, step: str) -> None:
        now = time.process_time()
        self._taken[self._current] = self._taken.get(self._current, 0.0) + now - self._since
        self._current, self._since = step, now

    def slow(self) -> list[tuple[str, float]]:
        """The files that took too long, slowest first."""
        over = [(path, s) for path, s in self._taken.items() if s > SLOW and path.endswith(".py")]
        return sorted(over, key=lambda item: -item[1])


def _parsing(files: list[Path]) -> tuple[float, int]:
    """Seconds that ``ast.parse`` takes for the files, and their lines."""
    texts = list(_texts(files))
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        for text in texts:
            try:
                ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue
    return time.process_time() - began, sum(text.count(b"\n") for text in texts)


def _texts(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        yield path.read_bytes()


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "code": finding.code,
        "level": str(finding.level),
        "path": _relative(finding.place.path),
        "line": finding.place.line,
        "message": finding.message,
        "trail": [f"{step.place}: {step.message}" for step in finding.trail],
    }


def _relative(path: str) -> str:
    """Files that were reached by an import are known by their whole path."""
    return Path(os.path.relpath(path)).as_posix()


if __name__ == "__main__":
    main(sys.argv[1])
