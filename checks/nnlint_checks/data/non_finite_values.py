"""DS302: infinite values."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset
from nnlint.finding import Finding, Table
from nnlint_checks.data.values import about


@check("DS302", level=ERROR)
def non_finite_values(data: Dataset) -> Iterator[Finding]:
    """A column holds infinite values.

    Why: one infinite input makes the activations infinite and the loss NaN; mean and deviation of the column
    are not finite either, so that standardising spreads the damage over all rows. They come from divisions
    by zero and logarithms of zero.
    Source: IEEE 754; scikit-learn refuses such input ("Input X contains infinity").

    Fires:
        A ratio was divided by zero.
        ```csv train.csv  # error: [DS302]
        ratio,amount,label
        0.5,3,a
        inf,4,b
        0.7,7,a
        -inf,9,b
        ```
    Silent:
        Missing is not infinite.
        ```csv train.csv
        ratio,amount,label
        0.5,3,a
        0.9,4,b
        0.7,7,a
        0.6,9,b
        0.4,2,b
        0.8,5,a
        0.1,6,b
        0.2,8,a
        0.3,1,b
        0.5,2,a
        ,7,a
        ```
    """
    for name in dict.fromkeys(c.name for s in data.splits for c in s.columns):
        found = [(s, c) for s in data.splits if (c := s.column(name)) is not None and c.infinite]
        if found:
            split, column = max(found, key=lambda pair: pair[1].infinite)
            rows = tuple((s.role, f"{c.infinite:,}", f"{c.rows:,}") for s, c in found)
            yield about(
                data,
                split,
                name,
                f"column '{name[:30]}' has {column.infinite:,} infinite values in {column.rows:,} rows",
                "find the division by zero or logarithm of zero, and make such values missing",
                Table(("split", "infinite", "rows"), rows),
                together="have infinite values",
            )
