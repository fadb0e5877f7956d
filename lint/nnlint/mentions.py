"""Whether source that a run has not read may import a file, and so be what makes a check speak about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nnlint.config import OWN_FILE, SHARED_FILE
from nnlint.discover import SKIPPED

ROOTS = (".git", OWN_FILE, SHARED_FILE, "setup.py", "setup.cfg")
"""What the top folder of a project holds."""
SOURCES = (".py", ".ipynb")
IMPORT = re.compile(rb"\b(?:from|import)\b[^\n#;(]*(?:\([^)]*\))?")
WORD = re.compile(rb"\w+")
MOST_FILES, MOST_BYTES, MOST_FOLDERS = 1_000, 50_000_000, 3_000
"""What is looked at; of more nobody knows."""


class TooMany(Exception):
    """There is more than is looked at."""


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
        top = next((f for f in file.parents if any((f / root).exists() for root in ROOTS)), None)
        folders = (file.parent, file.parent.parent) if top is None else (top,)
        if folders[0] not in self._imported:
            try:
                self._imported[folders[0]] = self._words(folders)
            except TooMany:  # a folder of that size that is no project holds all sorts of things
                self._imported[folders[0]] = None if top else set()
        words = self._imported[folders[0]]
        name = file.parent.name if file.stem == "__init__" else file.stem
        return words is None or name.encode(errors="surrogateescape") in words

    def _words(self, folders: Sequence[Path]) -> set[bytes]:
        """All names in the imports of what lies below a folder, and directly in another. Raises TooMany."""
        words: set[bytes] = set()
        read = 0
        for number, file in enumerate(self._files(folders)):
            try:
                data = file.read_bytes()
            except OSError:
                continue
            read += len(data)
            if number >= MOST_FILES or read > MOST_BYTES:
                raise TooMany
            words.update(word for found in IMPORT.findall(data) for word in WORD.findall(found))
        return words

    def _files(self, folders: Sequence[Path]) -> Iterator[Path]:
        for number, (root, below, names) in enumerate(os.walk(folders[0])):
            if number >= MOST_FOLDERS:
                raise TooMany
            below[:] = [folder for folder in below if folder not in SKIPPED]
            if self._is_linted(Path(root)):
                below.clear()
            else:
                yield from self._left(Path(root), names)
        for folder in folders[1:]:
            _, _, names = next(os.walk(folder), ("", [], []))
            if not self._is_linted(folder):
                yield from self._left(folder, names)

    def _left(self, folder: Path, names: Iterable[str]) -> Iterator[Path]:
        """The source files that are not linted."""
        yield from (folder / n for n in names if n.endswith(SOURCES) and folder / n not in self._linted)

    def _is_linted(self, folder: Path) -> bool:
        return not self._linted.isdisjoint((folder, *folder.parents))
