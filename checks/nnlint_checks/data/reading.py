"""Running text as numbers, for models that tell classes apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Dataset, Kind
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.matrix import CATEGORIES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

WORDS = 3.0
"""Mean number of words from which a column is text to be read."""

VOCABULARY = 10_000
TOPICS = 60
"""Directions of the space of words that are kept of a column."""

FREQUENT = 0.02
WORD = pattern(r"[^\W\d_]{2,}")
"""Words of categories; numbers in them are what makes them many."""

LETTERS = 5_000
"""Letters of a text that are read."""


def text_features(dataset: Dataset, frame: pd.DataFrame) -> Array | None:
    """The columns of running text by their latent topics; None when there are none."""
    import numpy as np

    kinds = {c.name: c.kind for c in dataset.train.columns}
    read = [n for n in dataset.features if kinds.get(n) is Kind.TEXT and n in frame and _is_read(frame[n])]
    blocks = [b for n in read if (b := _topics(frame[n])) is not None]
    return np.column_stack(blocks) if blocks else None


def category_words(dataset: Dataset, frame: pd.DataFrame) -> Array | None:
    """Which frequent words the categories of columns have that have too many for a column each.

    "3 Seasons" and "93 min" are hundreds of categories, but two sorts of them.
    """
    import numpy as np

    kinds = {c.name: c.kind for c in dataset.train.columns}
    named = [n for n in dataset.features if kinds.get(n) in (Kind.CATEGORY, Kind.TEXT) and n in frame]
    fine = [n for n in named if frame[n].dtype.kind == "O" and frame[n].nunique() > CATEGORIES]
    blocks = [b for n in fine if not _is_read(frame[n]) and (b := _words(frame[n])) is not None]
    return np.column_stack(blocks) if blocks else None


def _words(values: pd.Series[Any]) -> Array | None:
    import numpy as np

    read = [set(compiled(WORD).findall(str(v).lower())) for v in values.fillna("")]
    counts = Counter(word for words in read for word in words)
    told = [w for w, n in counts.most_common(CATEGORIES) if FREQUENT * len(read) <= n < len(read)]
    return np.array([[w in words for w in told] for words in read], float) if told else None


def _is_read(values: pd.Series[Any]) -> bool:
    there = values.dropna().astype(str)
    return len(there) > 0 and float(there.str.count(r"\s+").mean()) + 1 >= WORDS


def _topics(values: pd.Series[Any]) -> Array | None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(max_features=VOCABULARY, sublinear_tf=True, min_df=3, ngram_range=(1, 2))
    try:
        counted = words.fit_transform(values.fillna("").astype(str).str[:LETTERS])
    except ValueError:  # no word occurs often enough
        return None
    topics = min(TOPICS, counted.shape[1] - 1, counted.shape[0] - 1)
    if topics < 2:
        return None
    found: Array = TruncatedSVD(topics, random_state=0).fit_transform(counted)
    return found
