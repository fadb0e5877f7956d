"""``python -m tests.benchmarks.source FOLDER...``: CPU time of linting source, as a multiple of parsing it.

The reference is ``ast.parse`` on the same files. Each is timed in a process of its own, start-up left out, and the
least of the rounds counts. Files that mention no framework are told apart: they are what most of a repository is.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.engine import run
from nnlint.readers.source import mentions_framework
from nnlint.readers.source.entries import read_program
from nnlint.readers.source.files.project import Project
from nnlint.readers.source.files.text import Text, read_text
from nnlint.readers.source.language.interpreter import Interpreter

SLOW = 2.0
"""Seconds that reading one file may take."""


def parse(files: Sequence[Path]) -> None:
    """The reference."""
    for file in files:
        ast.parse(file.read_bytes())


def lint(files: Sequence[Path]) -> None:
    """All of nnlint."""
    result = run([str(file) for file in files], Settings())
    assert not result.failures, result.failures


WORK: dict[str, Callable[[Sequence[Path]], None]] = {"parse": parse, "lint": lint}


def seconds(work: str, files: Sequence[Path], rounds: int) -> float:
    """CPU time of ``work`` on the files, the least of so many processes."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.source", "--time", work]
    given = json.dumps([str(file) for file in files])
    times = [
        subprocess.run(command, input=given, capture_output=True, text=True, check=True)
        for _ in range(rounds)
    ]
    return min(float(done.stdout) for done in times)


def timed(work: str) -> None:
    """Print the seconds that ``work`` takes on the files that standard input lists."""
    files = [Path(name) for name in json.load(sys.stdin)]
    WORK[work](files[:1])  # imports what the work needs
    began = time.process_time()
    WORK[work](files)
    print(time.process_time() - began)


def slowest(files: Sequence[Path]) -> tuple[float, Path]:
    """The file that takes longest to read, in a run over all of them, and its seconds."""
    gc.disable()  # as the reader does
    interpreter = Interpreter(Project(files=files))
    taken: list[tuple[float, Path]] = []
    for file in files:
        text = interpreter.project.text(file)
        if isinstance(text, Text):
            began = time.process_time()
            read_program(interpreter, file, text)
            taken.append((time.process_time() - began, file))
    return max(taken)


def compare(folder: Path, rounds: int) -> None:
    """Print the ratios of one folder."""
    files = [f for f in sorted(folder.rglob("*.py")) if isinstance(read_text(f), Text)]
    full = [f for f in files if mentions_framework(f)]
    for kind, group in (("with networks", full), ("without", [f for f in files if f not in set(full)])):
        if group:
            spent, reference = seconds("lint", group, rounds), seconds("parse", group, rounds)
            print(f"{folder}: {len(group)} files {kind}: {spent:.2f} s, ast.parse ×{spent / reference:.1f}")
    if full:
        longest, file = slowest(full)
        print(f"{folder}: slowest file {file.relative_to(folder)}: {longest:.2f} s (aim: at most {SLOW})")


def main() -> None:
    """Compare the folders that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.source", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--time", choices=WORK, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.time:
        timed(options.time)
    for folder in options.folders:
        compare(folder, options.rounds)


if __name__ == "__main__":
    sys.setrecursionlimit(12_000)
    main()
