"""Whether source that a run has not read may import a file, and so be what makes a check speak about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from nnlint import looks
from nnlint.config import OWN_FILE, SHARED_FILE
from nnlint.discover import SKIPPED
from nnlint.pattern import pattern

ROOTS = (".git", OWN_FILE, SHARED_FILE, "setup.py", "setup.cfg")
"""What the top folder of a project holds."""
SOURCES = (".py", ".ipynb")
IMPORT = pattern(rb"\b(?:from|import)\b[^\n#;(]*(?:\([^)]*\))?")
WORD = pattern(rb"\w+")
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
        top = next((f for f in file.parents if any(looks.exists(f / root) for root in ROOTS)), None)
        folder = top or file.parent
        if folder not in self._imported:
            try:
                self._imported[folder] = set().union(
                    *self._below(folder), *(() if top else self._around(folder))
                )
            except TooMany:  # a folder of that size that is no project holds all sorts of things
                self._imported[folder] = None if top else set()
        words = self._imported[folder]
        name = file.parent.name if file.stem == "__init__" else file.stem
        return words is None or _encoded(name) in words

    def _below(self, folder: Path) -> Iterator[set[bytes]]:
        """The names in the imports of each file in and below a folder. Raises TooMany."""
        files = read = 0
        for number, (root, below, names) in enumerate(os.walk(folder)):
            below[:] = sorted(name for name in below if name not in SKIPPED)
            looks.below(Path(root))
            if self._is_linted(Path(root)):
                below.clear()
                continue
            for size, words in self._read(Path(root), names):
                files, read = files + 1, read + size
                yield words
            if number >= MOST_FOLDERS or files >= MOST_FILES or read >= MOST_BYTES:
                raise TooMany

    def _around(self, folder: Path) -> Iterator[set[bytes]]:
        """The same of the files beside a folder that import from it."""
        _, _, names = next(os.walk(folder.parent), ("", [], []))
        looks.below(folder.parent)
        if not self._is_linted(folder.parent):
            beside = (words for _, words in self._read(folder.parent, names[:MOST_FILES]))
            yield from (words for words in beside if _encoded(folder.name) in words)

    def _read(self, folder: Path, names: Iterable[str]) -> Iterator[tuple[int, set[bytes]]]:
        """Size of, and names in the imports of, each source file in a folder that is not linted."""
        for file in self._left(folder, names):
            try:
                data = looks.read(file)
            except OSError:
                continue
            yield len(data), {word for found in IMPORT.findall(data) for word in WORD.findall(found)}

    def _left(self, folder: Path, names: Iterable[str]) -> Iterator[Path]:
        """The source files that are not linted."""
        yield from (folder / n for n in names if n.endswith(SOURCES) and folder / n not in self._linted)

    def _is_linted(self, folder: Path) -> bool:
        return not self._linted.isdisjoint((folder, *folder.parents))


def _encoded(name: str) -> bytes:
    return name.encode(errors="surrogateescape")
