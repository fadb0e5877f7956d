"""Whether source that a run has not read may import a file, and so be what makes a check speak about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nnlint.config import OWN_FILE, SHARED_FILE
from nnlint.discover import SKIPPED

ROOTS = (".git", OWN_FILE, SHARED_FILE, "setup.py", "setup.cfg")
"""What the top folder of a project holds."""
SOURCES = (".py", ".ipynb")
IMPORT = re.compile(rb"\b(?:from|import)\b[^\n#;(]*(?:\([^)]*\))?")
WORD = re.compile(rb"\w+")
MOST_FILES, MOST_BYTES = 1_000, 50_000_000
"""What is looked at; of more nobody knows."""


class Elsewhere:
    """The sources of a project outside of the linted paths; they are looked at when first asked about."""

    def __init__(self, linted: Iterable[str]) -> None:
        self._linted = frozenset(Path(path).resolve() for path in linted)
        self._imported: dict[Path, set[bytes] | None] = {}

    def imports(self, path: str) -> bool:
        """Whether one of them may import the file, by its name.

        So a model that is linted without the program that trains it is told from one that nobody else uses.
        """
        file = Path(path).resolve()
        project = _project(file)
        if project not in self._imported:
            self._imported[project] = self._words(project)
        words = self._imported[project]
        name = file.parent.name if file.stem == "__init__" else file.stem
        return words is None or name.encode(errors="surrogateescape") in words

    def _words(self, project: Path) -> set[bytes] | None:
        """All names in their imports; None when there are too many files to know."""
        words: set[bytes] = set()
        read = 0
        for number, file in enumerate(self._files(project)):
            try:
                data = file.read_bytes()
            except OSError:
                continue
            read += len(data)
            if number >= MOST_FILES or read > MOST_BYTES:
                return None
            words.update(word for found in IMPORT.findall(data) for word in WORD.findall(found))
        return words

    def _files(self, project: Path) -> Iterator[Path]:
        for root, folders, names in os.walk(project):
            here = Path(root)
            if not self._linted.isdisjoint((here, *here.parents)):
                folders.clear()
                continue
            folders[:] = [folder for folder in folders if folder not in SKIPPED]
            yield from (here / n for n in names if n.endswith(SOURCES) and here / n not in self._linted)


def _project(file: Path) -> Path:
    tops = (folder for folder in file.parents if any((folder / root).exists() for root in ROOTS))
    return next(tops, file.parent)
