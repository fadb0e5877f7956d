"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from nnlint.readers import reader_of

SKIPPED = frozenset(
    {
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs", "site-packages"),
    }
)
"""Folders that hold no code or data of the user's own; named explicitly they are read all the same."""


def files_of(paths: Iterable[str], exclude: Sequence[str] = ()) -> Iterator[Path]:
    """Every readable file below ``paths``, each once, folders in alphabetical order.

    A path that is a file is always given, whatever its name. Raises FileNotFoundError for a path that
    does not exist.
    """
    seen: set[Path] = set()
    for text in paths:
        path = Path(text)
        if not path.exists():
            raise FileNotFoundError(text)
        for file in [path] if path.is_file() else _walk(path, exclude):
            key = file.resolve()
            if key not in seen:
                seen.add(key)
                yield file


def _walk(folder: Path, exclude: Sequence[str]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not _excluded(here / f, exclude))
        for name in sorted(names):
            file = here / name
            if reader_of(file) and not _excluded(file, exclude) and file.is_file():
                yield file


def _excluded(path: Path, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path.as_posix(), p) or fnmatch(path.name, p) for p in patterns)
