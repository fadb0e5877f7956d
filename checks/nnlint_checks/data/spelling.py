"""Categories that are one, spelled in several ways."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from nnlint.pattern import pattern

SEPARATORS = pattern(r"[\s_\-./,'’]+")
SHORT = 2
"""Letters up to which case may carry meaning (M and m, grades, letters to be told apart)."""

RARE = 0.2
"""Part of the most frequent spelling's rows that another has at most where case may carry meaning."""

Counts = tuple[tuple[str, int], ...]


def folded(value: str) -> str:
    """What is left of a text without case, accents, spaces around it and separators within."""
    plain = unicodedata.normalize("NFKD", value.strip())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip(" \t.!,;:\"'")
    return SEPARATORS.sub(" " if any(c.isdigit() for c in plain) else "", plain)


def variants(counts: Iterable[tuple[str, int]]) -> list[Counts]:
    """Groups of values that differ by spelling alone, each by falling count."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for value, count in counts:
        key = folded(value)
        if any(c.isalpha() for c in key):
            groups.setdefault(key, []).append((value, count))
    several = [tuple(sorted(g, key=lambda pair: -pair[1])) for g in groups.values() if len(g) > 1]
    return [g for g in several if _same(g)]


def merged(counts: Counts) -> Counts:
    """Values with their counts, each once under its most frequent spelling, by falling count."""
    found = dict(counts)
    for (first, _), *others in variants(counts):
        for value, _ in others:
            found[first] += found.pop(value)
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))


def _same(group: Counts) -> bool:
    (first, most), *others = group
    if len({value.strip() for value, _ in group}) == 1 or len(first.strip()) > SHORT:
        return True
    return all(count <= RARE * most for _, count in others)


def plurals(counts: Iterable[tuple[str, int]], share: float = 0.5) -> list[Counts]:
    """Pairs of a word and its plural, one of them with at most ``share`` of the other's rows."""
    known = {folded(value): (value, count) for value, count in counts}
    pairs = []
    for word, (value, count) in known.items():
        more = known.get(word + "s")
        if more and len(word) > SHORT and min(count, more[1]) <= share * max(count, more[1]):
            pairs.append(tuple(sorted([(value, count), more], key=lambda pair: -pair[1])))
    return pairs


def shown(group: Counts) -> str:
    """The spellings for a message."""
    return " and ".join(f"'{value[:18]}'" for value, _ in group[:2])
