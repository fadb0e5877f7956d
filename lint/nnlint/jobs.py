"""Source files read and judged ahead by processes, each a stretch of them.

What a process says of a file is taken over like what an earlier run said: only where reading the file in its
turn would give the same (``nnlint.readers.units``). So the number of processes changes nothing but the time.
Processes are spawned, which is safe on every platform; they get paths and settings and give back JSON.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from nnlint import engine, looks, plugins
from nnlint.cache.units import Known, document
from nnlint.check import checks_for
from nnlint.config import Settings
from nnlint.dataclass import dataclass
from nnlint.finding import Failure
from nnlint.pairing import Pairing
from nnlint.readers import Progress, source
from nnlint.readers.units import Loaded, Record, Unit, Units
from nnlint.selection import runs

MANY = 150
"""Source files from which processes pay for their start, measured on packages of models."""

MOST = 4
"""Processes that are started unasked: each may take half a gigabyte, and loads the modules it needs anew."""


@dataclass(frozen=True)
class Task:
    """A stretch of the source files of a run. ``files``: all of them."""

    stretch: tuple[Path, ...]
    files: tuple[Path, ...]
    settings: Settings


@dataclass
class Ahead:
    """What the processes gave. ``crashed``: files at which one of them ended, with what is to be said."""

    units: Joined
    crashed: dict[Path, Failure]


class Joined:
    """Several sources of units, the first that knows a file counts; a ``nnlint.readers.units.Units``."""

    def __init__(self, parts: Sequence[Units]) -> None:
        self._parts = parts
        self.records: Mapping[Loaded, Record] = dict(
            chain.from_iterable(part.records.items() for part in reversed(parts))
        )

    def get(self, path: str) -> Unit | None:
        """The file as the first part that knows it read it."""
        return next((unit for part in self._parts if (unit := part.get(path)) is not None), None)


def count(settings: Settings, files: int) -> int:
    """How many processes are to read so many source files; 1 when this one is to."""
    if settings.overlay or not files:
        return 1
    if settings.jobs is None:
        return min(_cores(), MOST) if files >= MANY else 1
    return min(settings.jobs or _cores(), files)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def read_ahead(
    files: Sequence[Path], settings: Settings, progress: Progress, earlier: Units | None
) -> Ahead | None:
    """Read and judge files in processes, but those that an earlier run knows; None where it does not pay."""
    known = [earlier] if earlier is not None else []
    left = [path for path in files if earlier is None or earlier.get(str(path)) is None]
    processes = count(settings, len(left))
    if processes < 2:
        return None
    tasks = [Task(stretch, tuple(files), settings) for stretch in _stretches(left, processes)]
    entries, crashed = _run(tasks, progress)
    return Ahead(Joined([*known, *map(Known, entries)]), crashed)


def _stretches(files: Sequence[Path], number: int) -> Iterator[tuple[Path, ...]]:
    """Files in order, in stretches of about the same size in bytes."""
    sizes = [path.stat().st_size if path.is_file() else 0 for path in files]
    share = sum(sizes) / number + 1
    stretches: list[list[Path]] = [[] for _ in range(number)]
    done = 0
    for path, size in zip(files, sizes, strict=True):
        stretches[int(done / share)].append(path)
        done += size
    return (tuple(stretch) for stretch in stretches if stretch)


def _run(tasks: Sequence[Task], progress: Progress) -> tuple[list[Any], dict[Path, Failure]]:
    """What the processes give, and the files at which one of them ended."""
    context = multiprocessing.get_context("spawn")
    running: dict[Connection, tuple[BaseProcess, str]] = {}
    entries: list[Any] = []
    crashed: dict[Path, Failure] = {}
    try:
        for task in tasks:
            ours, theirs = context.Pipe(duplex=False)
            process: BaseProcess = context.Process(target=work, args=(task, theirs), daemon=True)
            process.start()
            theirs.close()
            running[ours] = process, ""
        while running:
            ready = wait(list(running))
            for pipe in [pipe for pipe in running if pipe in ready]:  # of a type of their own on Windows
                process, at = running[pipe]
                message = _received(pipe)
                if isinstance(message, str):
                    progress(message)
                    running[pipe] = process, message
                    continue
                del running[pipe]
                process.join()
                if message is not None:
                    entries += message
                elif at:
                    crashed[Path(at)] = _crash(at, process.exitcode)
    finally:
        for process, _ in running.values():
            process.terminate()
    return entries, crashed


def _received(pipe: Connection) -> Any:
    """The next message of a process; None when it has ended."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def _crash(path: str, code: int | None) -> Failure:
    ended = f"signal {-code}" if code and code < 0 else f"exit code {code}"
    return Failure(f"the source reader, on {path}", RuntimeError(f"its process ended with {ended}"))


def work(task: Task, pipe: Connection) -> None:
    """In a process of its own: read and judge a stretch; send the path that it is at, then entries."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it, too, and ends this
    with suppress(BrokenPipeError), pipe:
        plugins.use(task.settings.plugins)
        pipe.send(judged(task, pipe.send))


def judged(task: Task, progress: Progress) -> list[Any]:
    """The stretch as an entry; none where something failed, which is then found out in turn."""
    settings = task.settings
    with looks.recording() as seen:
        reading = source.read(task.stretch, settings, progress, among=task.files)
        judging = engine.Judging(engine.options_of(settings), lambda _: None, engine.Memory())
        checks = [c for c in checks_for(reading.evidence).checks if runs(c, settings)]
        judging.run(checks, reading.evidence, Pairing(reading.evidence), reading.units)
        if reading.failures or judging.failures or not seen.steady:
            return []
        return [document(judging.units, reading.records, seen.answers)]
