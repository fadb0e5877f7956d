"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nnlint.config import Settings, exists
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.readers import reader_of

SKIPPED = frozenset(
    {
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs", "site-packages"),
    }
)
"""Folders that hold no code or data of the user's own; named explicitly they are read all the same."""

KINDS = "Python, notebooks, ONNX, weights, tables, arrays, images"


@dataclass(frozen=True)
class Inputs:
    """What the paths lead to. ``others``: files named explicitly that no reader takes."""

    files: tuple[Path, ...]
    others: tuple[Path, ...]
    unreadable: tuple[Unreadable, ...]


def inputs_of(paths: Iterable[str], settings: Settings) -> Inputs:
    """Every readable file below ``paths``, each once, folders in alphabetical order.

    A folder without any is Unreadable; so are files of unknown kinds when there is nothing else to read.
    Raises FileNotFoundError for a path that does not exist.
    """
    seen: dict[Path, Path] = {}
    others: list[Path] = []
    unreadable: list[Unreadable] = []
    for text in paths:
        path = Path(text)
        if not exists(text):
            raise FileNotFoundError(text)
        errors: list[OSError] = []
        folder = path.is_dir()
        single = [path] if path.is_file() and reader_of(path) else []
        found = list(_walk(path, settings, errors)) if folder else single
        seen |= {file.resolve(): file for file in found if file.resolve() not in seen}
        unreadable += [_closed(error) for error in errors]
        if not folder and not path.is_file():
            unreadable.append(Unreadable(Place(text), "file", "is neither a file nor a folder"))
            continue
        if folder and not found and not errors:
            reason = f"holds no file that nnlint reads ({KINDS})"
            unreadable.append(Unreadable(Place(text), "folder", reason))
        elif not folder and not found:
            others.append(path)
    if not seen:
        reason = f"is of no kind that nnlint reads ({KINDS})"
        unreadable += [Unreadable(Place(str(p)), p.suffix.lstrip(".") or "file", reason) for p in others]
        others = []
    return Inputs(tuple(seen.values()), tuple(others), tuple(unreadable))


def _closed(error: OSError) -> Unreadable:
    return Unreadable(Place(str(error.filename)), "folder", f"cannot be opened: {error.strerror or error}")


def _walk(folder: Path, settings: Settings, errors: list[OSError]) -> Iterator[Path]:
    excluded = _excluder(settings)
    for root, folders, names in os.walk(folder, onerror=errors.append):
        here = Path(root)
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not excluded(here / f))
        for name in sorted(names):
            file = here / name
            if reader_of(file) and not excluded(file) and file.is_file():
                yield file


def _excluder(settings: Settings) -> Callable[[Path], bool]:
    return lambda path: any(settings.covers(pattern, path) for pattern in settings.exclude)
