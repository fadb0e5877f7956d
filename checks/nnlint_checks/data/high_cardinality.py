"""DS313: a category with nearly as many values as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.target import words
from nnlint.finding import Finding, Table
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.values import about, flat, texts

FEWEST_ROWS = 50
WORDS = 3.0
"""Mean number of words above which a text is read, not encoded."""

NAMED = frozenset(
    {"name", "names", "title", "titles", "address", "author", "authors", "company", "description"}
)
"""Columns called so may hold names of several words, which nobody takes for categories."""

WORDS_OF_NAMES = 2.5

LETTERS = 40
PATH = pattern(
    r"[/\\]|\.(?:jpe?g|png|gif|bmp|tiff?|webp|wav|mp3|flac|mp4|avi|npy|txt|dcm|nii)$|^\w+://", re.I
)
"""Names of files, whose content is what is learned from."""


@check("DS313", level=WARNING)
def high_cardinality(data: Dataset, *, share: float = 0.5) -> Iterator[Finding]:
    """A category has different values in more than half of the rows.

    Why: one-hot encoding makes a column of nearly each row, and an embedding learns each of its vectors from
    one or two rows: the network knows the training rows by name. New rows have values it never saw.
    Source: Micci-Barreca, "A Preprocessing Scheme for High-Cardinality Categorical Attributes", 2001.
    Options: share: distinct values to rows.

    Fires:
        Nearly each row has a street of its own.
        ```python generate
        # expect train.csv  warning: [DS313]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        letters = np.array(list("abcdefghijklmnopqrst"))
        streets = ["".join(rng.choice(letters, 7)) for _ in range(300)]
        frame = pd.DataFrame({"street": rng.choice(streets, 400), "area": rng.normal(size=400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Sentences are read by the network, not encoded as categories.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        vocabulary = ["good", "bad", "film", "plot", "cast", "dull", "long", "brave", "the", "was", "very"]
        frame = pd.DataFrame({"review": [" ".join(rng.choice(vocabulary, 8)) for _ in range(400)]})
        frame["stars"] = rng.normal(size=400)
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data) or data.target is None:  # a list of words is no table of features
        return
    for column in data.train.columns:
        there = column.rows - column.missing
        if column.kind is not Kind.TEXT or column.name not in data.features:
            continue
        # Of a column that is mostly missing, DS301 says what matters.
        enough = there >= max(FEWEST_ROWS, 0.5 * column.rows)
        distinct = _distinct(data, column) if enough else 0.0
        if distinct > share:
            yield about(
                data,
                data.train,
                column.name,
                f"category '{column.name[:35]}' has a value of its own in {distinct:.0%} of the rows",
                "group the values, or encode what they have in common (length, prefix, hash, frequency)",
                Table(("rows", "distinct"), ((f"{there:,}", f"{distinct * there:,.0f}"),)),
                together="are categories with a value of their own in most rows",
            )


def _distinct(data: Dataset, column: Column) -> float:
    """Distinct values to rows of a column of short texts; 0 for sentences, paths, numbers and dates."""
    values = texts(data, data.train, column)
    if values is None or column.others > 0.5 * column.rows:
        return 0.0
    several = WORDS_OF_NAMES if NAMED & set(words(column.name)) else WORDS
    read = values.str.count(r"\s+").mean() + 1 > several or values.str.len().mean() > LETTERS
    if read or values.str.contains(compiled(PATH)).mean() > 0.5:
        return 0.0
    return float(values.nunique() / len(values))
