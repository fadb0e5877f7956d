"""What somebody who mistyped a word may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

# difflib's own cutoff for whole words; of a beginning nearly every letter must be there.
ALIKE, ALIKE_AT_THE_BEGINNING = 0.6, 0.85
BEGINNING = 4
"""Letters that say enough to look for a longer word that begins so."""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """``; did you mean X?`` for the nearest known word, else ``otherwise``."""
    meant = word_like(word, known)
    return f"; did you mean {meant}?" if meant else otherwise


def word_like(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one; None when none is like it."""
    words = list(known)
    begun = {name[: len(word)]: name for name in reversed(words) if len(word) >= BEGINNING}
    for typed in (word, word.upper()):
        if beginning := _likest(typed, begun, ALIKE_AT_THE_BEGINNING):
            return begun[beginning]
        if whole := _likest(typed, words, ALIKE):
            return whole
    return None


def _likest(typed: str, words: Iterable[str], cutoff: float) -> str | None:
    """Of words that are equally like it, the one that shares the longest beginning."""
    from difflib import SequenceMatcher, get_close_matches

    def likeness(word: str) -> tuple[float, int]:
        shared = takewhile(lambda letters: letters[0] == letters[1], zip(typed, word, strict=False))
        return SequenceMatcher(None, word, typed).ratio(), len(list(shared))

    return max(get_close_matches(typed, words, 9, cutoff), key=likeness, default=None)
