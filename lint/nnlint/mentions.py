"""Whether source that a run has not read may import a file, and so be what makes a check speak about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from nnlint.config import OWN_FILE, SHARED_FILE
from nnlint.discover import SKIPPED

ROOTS = (".git", OWN_FILE, SHARED_FILE, "setup.py", "setup.cfg")
"""What the top folder of a project holds."""
SOURCES = (".py", ".ipynb")
MOST_FILES, MOST_BYTES = 1_000, 50_000_000
"""What is looked at; of more nobody knows."""


def mentioned_elsewhere(path: str, linted: tuple[Path, ...]) -> bool:
    """Whether a source file of the project, outside of the resolved paths ``linted``, imports the file.

    So a model that is linted without the program that trains it is told from one that nobody else uses.
    """
    file = Path(path).resolve()
    name = file.parent.name if file.stem == "__init__" else file.stem
    word = re.escape(name.encode(errors="surrogateescape"))
    imports = re.compile(rb"\b(?:from|import)\b[^\n#;]*\b%b\b|\bimport\s*\([^)]*\b%b\b" % (word, word))
    read = 0
    for number, other in enumerate(_others(file, linted)):
        try:
            data = other.read_bytes()
        except OSError:
            continue
        read += len(data)
        if number >= MOST_FILES or read > MOST_BYTES or imports.search(data):
            return True
    return False


def _others(file: Path, linted: tuple[Path, ...]) -> Iterator[Path]:
    """The source files of the project that are not linted."""
    for root, folders, names in os.walk(_project(file)):
        here = Path(root)
        if any(here.is_relative_to(path) for path in linted):
            folders.clear()
            continue
        folders[:] = [folder for folder in folders if folder not in SKIPPED]
        yield from (here / n for n in names if n.endswith(SOURCES) and here / n not in linted)


def _project(file: Path) -> Path:
    tops = (folder for folder in file.parents if any((folder / root).exists() for root in ROOTS))
    return next(tops, file.parent)
