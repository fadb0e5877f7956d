"""Zeros that say that there is nothing to measure: no garage, no children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Kind, Split
from nnlint_checks.data.values import placeholder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

SAME = 0.95
"""Part of the rows with either, that have both, from which two columns speak of the same absence."""


def nothing_there(split: Split, frame: pd.DataFrame, name: str) -> bool:
    """Whether the rows in which a column is 0 are those in which another one counts 0 or says so.

    A number of cars that is 0, a kind of garage that is not given or "none": the area is 0 there as well.
    Another measurement that is 0 or missing in the same rows says nothing, both may not have been taken.
    """
    zero = (frame[name] == 0).to_numpy()
    for column in split.columns:
        if column.name == name or column.name not in frame:
            continue
        if any(_alike(zero, rows) for rows in _absences(column.kind, frame[column.name])):
            return True
    return False


def _absences(kind: Kind, values: pd.Series[Any]) -> list[Array]:
    """The sets of rows in which a column may say that there is none."""
    if kind is Kind.NUMBER and values.dtype.kind == "f":
        counted = bool((values == 1).any() and (values.dropna() % 1 == 0).all() and values.min() == 0)
        return [(values == 0).to_numpy()] if counted else []
    if kind is not Kind.CATEGORY:
        return []
    levels = [level for level in values.dropna().unique() if not placeholder(str(level))]
    return [values.isna().to_numpy(), *((values == level).to_numpy() for level in levels)]


def _alike(one: Array, other: Array) -> bool:
    return bool((one & other).sum() >= SAME * (one | other).sum() > 0)
