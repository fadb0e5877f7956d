"""Running text as numbers, for models that tell classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Dataset, Kind

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

WORDS = 3.0
"""Mean number of words from which a column is text to be read."""

VOCABULARY = 10_000
TOPICS = 60
"""Directions of the space of words that are kept of a column."""

LETTERS = 5_000
"""Letters of a text that are read."""


def text_features(dataset: Dataset, frame: pd.DataFrame) -> Array | None:
    """The columns of running text by their latent topics; None when there are none."""
    import numpy as np

    kinds = {c.name: c.kind for c in dataset.train.columns}
    read = [n for n in dataset.features if kinds.get(n) is Kind.TEXT and n in frame and _is_read(frame[n])]
    blocks = [b for n in read if (b := _topics(frame[n])) is not None]
    return np.column_stack(blocks) if blocks else None


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
