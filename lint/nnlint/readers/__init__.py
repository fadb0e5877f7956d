"""Readers turn files into evidence. Each is imported only when a file of its kind is there."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nnlint.config import Settings
from nnlint.finding import Note


@dataclass(frozen=True)
class Reading:
    """What a reader found: pieces of evidence of any type, and notes on what it left out."""

    evidence: tuple[object, ...] = ()
    notes: tuple[Note, ...] = ()


Progress = Callable[[str], None]
"""Called with a path before it is read; must be cheap."""


class Reader(Protocol):
    """A module of this package with a function ``read``.

    ``files`` are all files of its kinds; what belongs together (modules of a project, splits of a data
    set) is for the reader to find out. It never raises for bad input: it gives ``Unreadable``.
    """

    def read(self, files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
        """Read all files of the kind."""
        ...


READERS: dict[str, tuple[str, ...]] = {
    "source": (".py", ".ipynb"),
    "onnx": (".onnx",),
    "data": (
        *(".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".feather", ".arrow", ".jsonl", ".ndjson"),
        *(".npz", ".npy"),
        *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
    ),
}
"""Reader module -> the ends of file names it reads."""


def reader_of(path: Path) -> str | None:
    """The reader for a file by its name, None when there is none."""
    name = path.name.lower()
    return next((reader for reader, ends in READERS.items() if name.endswith(ends)), None)


def read(files: Iterable[Path], settings: Settings, progress: Progress = lambda _: None) -> Reading:
    """Read all files, each with the reader of its kind."""
    by_reader: dict[str, list[Path]] = {}
    for path in files:
        reader = reader_of(path)
        if reader is not None:
            by_reader.setdefault(reader, []).append(path)
    evidence: list[object] = []
    notes: list[Note] = []
    for name, paths in by_reader.items():
        module: Reader = importlib.import_module(f"nnlint.readers.{name}")  # type: ignore[assignment]
        reading = module.read(paths, settings, progress)
        evidence += reading.evidence
        notes += reading.notes
    return Reading(tuple(evidence), tuple(notes))
