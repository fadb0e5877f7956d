"""The single values of a table's columns, for the checks that look at one column at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import CLASS_NAMES, words
from nnlint.finding import Finding, Level, Table
from nnlint_checks.data.amounts import amounts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

EXCERPT_ROWS = 20
"""Tables with no more rows are excerpts and toys: what is rare or missing there says nothing."""

PLACEHOLDERS = frozenset(
    {
        *(
            "",
            "?",
            "??",
            "???",
            "-",
            "--",
            "---",
            ".",
            "..",
            "...",
            "*",
            "#",
            "_",
            "n.a.",
            "n.a",
            "n/a",
            "na",
        ),
        *("null", "nan", "missing", "unknown", "unk", "not available", "not known", "tbd"),
        *("undefined", "not specified", "unspecified", "no data", "nodata", "#ref!", "#value!", "#div/0!"),
        *("not provided", "(blank)", "[null]", "<null>", "x.x"),
    }
)
"""Texts (lower case) for a missing value that CSV readers do not take as one; "none" is a level."""


def flat(data: Dataset) -> bool:
    """Whether the columns are columns: not the pixels or figures of images and sequences."""
    return data.rank == 2 and data.format != "images"


def placeholder(value: str) -> bool:
    """Whether a text stands for a missing value."""
    return value.strip().lower() in PLACEHOLDERS


def sampled_numbers(data: Dataset, split: Split) -> Iterator[tuple[Column, Array]]:
    """Each number among the features and the target with its finite values in the sample."""
    import numpy as np

    frame = data.sample(split.role)
    wanted = {*data.features, *((data.target.column,) if data.target else ())}
    for column in split.columns if frame is not None else ():
        if frame is None or column.kind is not Kind.NUMBER or column.name not in wanted:
            continue
        if column.name in frame and frame[column.name].dtype.kind == "f":
            values = frame[column.name].to_numpy(dtype=float)
            yield column, values[np.isfinite(values)]


def texts(data: Dataset, split: Split, column: Column) -> pd.Series[Any] | None:
    """The values of a column of text or categories in the sample, without missing ones."""
    frame = data.sample(split.role)
    if frame is None or column.name not in frame or frame[column.name].dtype.kind != "O":
        return None
    values = frame[column.name].dropna()
    return values if len(values) else None


def about(
    data: Dataset,
    split: Split,
    column: str,
    message: str,
    help: str,
    table: Table | None = None,
    level: Level | None = None,
    together: str = "",
) -> Finding:
    """A finding about one column of a split."""
    place = Place(split.paths[-1], part=f"column '{column}'")
    subject = (data.place.path, column)
    return Finding(place, message, help, table=table, subject=subject, level=level, together=together)


def is_scale(column: Column) -> bool:
    """Whole numbers that are not numbered 0..K-1 or 1..K, and more than two: grades, counts, ages; those that
    are called a rating; or amounts that are written as text."""
    if amounts(column):
        return True
    if column.kind is not Kind.NUMBER or column.distinct is None or column.minimum is None:
        return False
    numbered = column.minimum in (0.0, 1.0) and column.maximum == column.minimum + column.distinct - 1
    rated = bool(RATINGS & set(words(column.name))) and column.integral
    return column.distinct > 2 and (not numbered or rated or _counts(column))


RATINGS = frozenset({"rating", "ratings", "star", "stars", "score", "scores"})
"""Words of names that say that numbers are steps of a scale."""

FEWEST_COUNTS = 5
RARE_COUNT = 10
FALLS = 3
"""Steps down a tail of counts that chance does not explain; classes of which one is rare have one."""


def _counts(column: Column) -> bool:
    """Whether whole numbers from 0 or 1 on are counts: their frequencies rise, then fall to a thin tail."""
    plain = "".join(c for c in column.name.lower() if c.isalpha())
    if plain in CLASS_NAMES or len(column.top) != column.distinct or len(column.top) < FEWEST_COUNTS:
        return False
    rows = [n for _, n in sorted(column.top, key=lambda pair: float(pair[0]))]
    peak = rows.index(max(rows))
    noise = 2 * math.sqrt(max(rows))
    rises = all(b >= a - noise for a, b in pairwise(rows[: peak + 1]))
    tail = list(pairwise(rows[peak:]))
    falls = all(b <= a + 2 * math.sqrt(a + 1) for a, b in tail)
    falls = falls and sum(b < a - 2 * math.sqrt(a + b) for a, b in tail) >= FALLS
    return rises and falls and rows[-1] < RARE_COUNT and peak < len(rows) / 2


def skewness(values: Array) -> float:
    """Third standardised moment; 0 of a constant."""
    import numpy as np

    limited = np.clip(values, -1e100, 1e100)
    deviation = float(limited.std())
    return float((((limited - limited.mean()) / deviation) ** 3).mean()) if deviation else 0.0
