"""DS301: values are missing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.data import Column, Dataset, Split
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

CATEGORY = "None"
"""The word for a missing value that tables write for a category, too: no airbags, no damage."""


@check("DS301", level=WARNING)
def missing_values(data: Dataset, *, share: float = 0.1) -> Iterator[Finding]:
    """A tenth or more of a column is missing; an empty column is an error.

    Why: a single NaN in a batch makes the loss NaN and, one step later, every weight. Filled in without a
    flag, values that are often missing teach the network how they were filled in.
    Source: Little, Rubin, "Statistical Analysis with Missing Data", 2019; scikit-learn, "Imputation of
    missing values".
    Options: share: part of the rows from which on a column is reported.

    Fires:
        A column with gaps.
        ```csv train.csv  # warning: [DS301]
        age,income,label
        31,2100,a
        ,1900,b
        45,3300,a
        52,NA,b
        38,,b
        29,1800,a
        ```
        Nothing at all in one column.
        ```csv train.csv  # error: [DS301]
        age,notes,label
        31,,a
        45,,b
        52,,a
        ```
    Silent:
        One value in twenty.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
        frame.loc[:9, "a"] = np.nan
        frame["label"] = rng.integers(0, 2, 200)
        frame.to_csv("train.csv", index=False)
        ```
        A test set that has no labels.
        ```csv train.csv
        age,income,label
        31,2100,1
        45,3300,0
        52,1900,1
        ```
        ```csv test.csv
        age,income,label
        33,2300,
        41,3100,
        59,1700,
        ```
    """
    target = data.target.column if data.target else None
    for name in dict.fromkeys(c.name for s in data.splits for c in s.columns):
        splits = [s for s in data.splits if s is data.train or name != target]
        figures = [(s, c) for s in splits if (c := s.column(name)) is not None and c.rows and c.missing]
        if not figures:
            continue
        split, column = max(figures, key=lambda pair: pair[1].missing / pair[1].rows)
        if column.missing >= share * column.rows:
            yield _finding(data, split, column, figures)


def _finding(data: Dataset, split: Split, column: Column, figures: list[tuple[Split, Column]]) -> Finding:
    empty = column.missing == column.rows
    name = column.name[: 30 if column.blank else 40]
    part = f"{column.missing / column.rows:.1%} of {column.rows:,} rows"
    rows = tuple((s.role, f"{c.missing:,}", f"{c.rows:,}", f"{c.missing / c.rows:.1%}") for s, c in figures)
    written = f", written '{column.blank}'" if column.blank else ""
    fill = "fill the gaps from training rows and add a column that flags them"
    if column.blank == CATEGORY:
        fill = f"read with keep_default_na=False if '{CATEGORY}' is a category; else {fill}"
    return Finding(
        Place(split.paths[0], part=f"column '{column.name}'"),
        f"column '{name}' is empty" if empty else f"column '{name}' is missing in {part}{written}",
        "drop the column" if empty else fill,
        table=Table(("split", "missing", "rows", "share"), rows),
        subject=(data.place.path, column.name),
        level=ERROR if empty else None,
        together="are empty" if empty else "are missing in many rows",
    )
