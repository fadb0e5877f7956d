"""Reader of Python source and notebooks: files become programs, programs are interpreted abstractly."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nnlint import looks
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.evidence.source import Program
from nnlint.finding import Failure
from nnlint.pattern import pattern
from nnlint.readers import Progress, Reading
from nnlint.readers.source.entries import read_program
from nnlint.readers.source.files.project import Project
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.libraries.assumed import is_snippet
from nnlint.readers.units import Unit, Units

FRAMEWORKS = (
    b"transformers",
    b"torch",
    b"keras",
    b"tensorflow",
    b"sklearn",
    b"lightning",
    b"skorch",
    b"fastai",
    b"timm",
    b"flax",
    b"Sequential(",
    b"nn.Module",
    b"Dense(",
    b"Conv2D(",
    b"LSTM(",
)
"""A file that mentions none of these cannot hold a network; it is skipped by a byte scan. Snippets that begin
after their imports name no framework, only what is in it."""

RECURSION = 12_000
"""The interpreter recurses with the program: its own bounds (depth, fuel) end it long before this."""


def read(
    files: Sequence[Path],
    settings: Settings,
    progress: Progress,
    known: Units | None = None,
    among: Sequence[Path] = (),
) -> Reading:
    """Read all programs of a run as one project, so that what they import from each other is known.

    ``known``: files that an earlier run has read; taken over where reading them again would give the same.
    ``among``: all files of the run, where ``files`` are some of them.
    """
    interpreter = Interpreter(Project(settings.overlay, among or files))
    units: list[Unit] = []
    limit = sys.getrecursionlimit()
    collecting = gc.isenabled()
    sys.setrecursionlimit(max(limit, RECURSION))
    gc.disable()  # nodes and values are long-lived; collecting among them takes a third of the time
    try:
        for path in files:
            progress(str(path))
            units.append(_unit(interpreter, path, str(path) in settings.named, known))
            if interpreter.project.forget(interpreter):
                gc.collect()  # modules, functions and scopes refer to each other
                gc.freeze()  # what is left is evidence, which stays: it need not be looked at again
    finally:
        sys.setrecursionlimit(limit)
        gc.unfreeze()
        if collecting:
            gc.enable()
    if known is not None and interpreter.project.ledger.diverged:  # circles of imports: the order counts
        return read(files, settings, progress, among=among)
    first = dict(reversed(interpreter.failures))  # one a file tells enough
    failures = tuple(Failure(path, error) for path, error in first.items())
    evidence = tuple(piece for unit in units for piece in unit.evidence)
    records = interpreter.project.ledger.records
    return Reading(evidence, failures=failures, units=tuple(units), records=records)


def _unit(interpreter: Interpreter, path: Path, named: bool, known: Units | None) -> Unit:
    """The file as it was read in an earlier run, else as it is read now."""
    project = interpreter.project
    unit = known.get(str(path)) if known is not None else None
    if known is not None and unit is not None and project.takes_over(interpreter, path, unit, known.records):
        return unit
    with project.ledger.reading() as load:
        evidence = tuple(_read(interpreter, path, named))
    return Unit(str(path), evidence, project.turn(interpreter, path, load))


def _read(interpreter: Interpreter, path: Path, named: bool) -> list[object]:
    text_in_stead = interpreter.project.in_stead_of(path)
    about_networks = mentions_framework(path, text_in_stead) or starts_training(path, text_in_stead)
    if not named and not about_networks:
        return []
    text = interpreter.project.text(path)
    if isinstance(text, Unreadable):
        return [text]
    if not about_networks:
        return [Program(str(path), text.source.count("\n"))]
    return read_program(interpreter, path, text)


def mentions_framework(path: Path, data: bytes | None = None) -> bool:
    """Whether the file, or ``data`` in its stead, names a framework, and so may hold networks; also where it
    cannot be read.
    """
    try:
        data = looks.read(path) if data is None else data
    except OSError:
        return True  # reading it as text will say why
    return any(mark in data for mark in FRAMEWORKS) or is_snippet(data)


IMPORT = pattern(rb"^[ \t]*(?:from|import)[ \t]+(\.*[\w.]+)", re.MULTILINE)
START = pattern(r"(^|_)(main|train\w*|run|fit|experiment)(_|$)", re.IGNORECASE)


def starts_training(path: Path, data: bytes | None = None) -> bool:
    """Whether a script that names no framework runs modules beside it that do (``import trainer``)."""
    try:
        data = looks.read(path) if data is None else data
        if path.suffix != ".py" or not (b"__main__" in data or START.search(path.stem)):
            return False
        names = {name.decode("ascii", "ignore").strip(".") for name in IMPORT.findall(data)}
        return any(mentions_framework(file) for name in names if (file := _beside(path, name)) is not None)
    except OSError:
        return False


def _beside(path: Path, name: str) -> Path | None:
    """The module of that name in the folder of the file, or in a package there."""
    place = path.parent.joinpath(*name.split("."))
    return next((f for f in (place.with_suffix(".py"), place / "__init__.py") if looks.is_file(f)), None)
