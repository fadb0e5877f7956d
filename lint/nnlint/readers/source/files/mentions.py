"""Which classes and functions the files of a run mention outside of where they are defined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nnlint import looks
from nnlint.pattern import pattern

WORD = pattern(rb"[A-Za-z_]\w{2,}|(?<=[.\"'])[A-Za-z_]\w?\b")
"""Words; of one or two letters only attributes and texts: variables of such names are everywhere."""


class Mentions:
    """Words of all files, counted by file the first time that one is asked for."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._counts: Counter[bytes] | None = None
        self.asked: dict[str, bool] = {}

    def elsewhere(self, name: str) -> bool:
        """Whether a second file holds the word."""
        if name not in self.asked:
            self.asked[name] = len(self._files) > 1 and self._count(name) > 1
        return self.asked[name]

    def turn(self) -> dict[str, bool]:
        """What was asked for since the last turn, with the answers."""
        asked, self.asked = self.asked, {}
        return asked

    def _count(self, name: str) -> int:
        if self._counts is None:
            with looks.scope():  # who asks depends on the answer, not on all files
                self._counts = Counter(word for path in self._files for word in _words(path))
        return self._counts[name.encode()]


def _words(path: Path) -> set[bytes]:
    with suppress(OSError):
        return set(WORD.findall(looks.read(path)))
    return set()
