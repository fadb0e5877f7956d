"""Whether the first row of a text table holds names, or is a row like any other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nnlint.evidence.target import ID_WORDS, TARGET_NAMES, words

Row = Sequence[str]
NAMES = TARGET_NAMES | ID_WORDS
"""Words that nothing but a header has."""

LOOKED_AT = 200
FEWEST = 5
"""Rows below the first from which on it can be told."""

MOSTLY = 0.9


def is_row(first: Row, rows: Sequence[Row]) -> bool:
    """Whether ``first`` is a row like ``rows`` below it: UCI writes its sets without names.

    Numbers stand above numbers in every column that has them, and not as names do (years, wavelengths or
    positions in order); texts stand above the same texts. One name above numbers is enough for a header.
    """
    below = [row for row in rows[:LOOKED_AT] if len(row) == len(first)]
    if len(below) < max(FEWEST, MOSTLY * len(rows[:LOOKED_AT])) or "" in first:
        return False
    columns = [[row[i].strip() for row in below] for i in range(len(first))]
    numeric = [_is_numeric(column) for column in columns]
    numbers = [f.strip() for f, is_number in zip(first, numeric, strict=True) if is_number]
    if not all(_number(n) is not None for n in numbers):
        return False
    texts = [(f.strip(), c) for f, c, n in zip(first, columns, numeric, strict=True) if not n]
    repeated = sum(field in column for field, column in texts)
    needed = 0.5 * len(texts) if numbers else len(texts)
    if repeated and repeated >= needed and not _in_order(numbers):
        return True
    known = {word for field, _ in texts for word in words(field)} & NAMES
    return any("." in n for n in numbers) and not _in_order(numbers) and not known


def is_size(first: Row, rows: int) -> bool:
    """Whether ``first`` gives the size of the table below it, as scikit-learn and word2vec write it."""
    sizes = [f.strip() for f in first[:2]]
    return len(sizes) == 2 and all(s.isdigit() for s in sizes) and rows > FEWEST and int(sizes[0]) == rows


def _in_order(numbers: Sequence[str]) -> bool:
    """Whether numbers rise from each to the next, as years and wavelengths do."""
    values = [_number(n) or 0.0 for n in numbers]
    return len(values) > 1 and all(a < b for a, b in pairwise(values))


def _is_numeric(column: Sequence[str]) -> bool:
    there = [value for value in column if value]
    return bool(there) and sum(_number(v) is not None for v in there) >= MOSTLY * len(there)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
