"""A sample's features as numbers, for the checks that compare whole rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Column, Dataset, Kind, Split

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

CATEGORIES = 20
"""Categories of a column that get a column of their own; the rest are one more."""

WIDEST = 2_000
"""Columns beyond which only the first are used; wider tables cost more than they tell."""

IGNORED = (Kind.TIME, Kind.TEXT, Kind.NESTED, Kind.EMPTY)


def judged(dataset: Dataset, split: Split) -> list[Column]:
    """The feature columns whose values can be compared: no times, running text or nested values."""
    wanted = set(dataset.features)
    return [c for c in split.columns if c.name in wanted and c.kind not in IGNORED]


def matrix(dataset: Dataset, frame: pd.DataFrame) -> Array | None:
    """Features as a float matrix, a row for each of the frame; None when there are none.

    Missing numbers become the median, with a column that says where; categories one column each.
    Columns that never change are left out.
    """
    found = labelled(dataset, frame)
    return None if found is None else found[0]


def labelled(dataset: Dataset, frame: pd.DataFrame) -> tuple[Array, list[str]] | None:
    """The same matrix, with the feature that each of its columns is made from."""
    import numpy as np

    blocks = {name: _columns(frame[name]) for name in names(dataset, frame)[:WIDEST]}
    if not blocks:
        return None
    whole = np.column_stack([*blocks.values()])
    origin = [name for name, block in blocks.items() for _ in range(block.shape[1])]
    varying = np.ptp(whole, axis=0) > 0 if len(whole) else np.ones(len(origin), bool)
    return (
        (whole[:, varying], [n for n, v in zip(origin, varying, strict=True) if v]) if varying.any() else None
    )


def names(dataset: Dataset, frame: pd.DataFrame) -> list[str]:
    """The feature columns of a sample that can be compared."""
    if dataset.rank > 2:
        return [n for n in dataset.features if n in frame]
    return [c.name for c in judged(dataset, dataset.train) if c.name in frame]


def _columns(values: pd.Series[Any]) -> Array:
    import numpy as np

    if values.dtype.kind != "f":
        return _indicators(values)
    numbers = values.to_numpy(dtype=float)
    missing = ~np.isfinite(numbers)
    if not missing.any():
        return numbers[:, None]
    middle = np.median(numbers[~missing]) if not missing.all() else 0.0
    return np.column_stack([np.where(missing, middle, numbers), missing])


def _indicators(values: pd.Series[Any]) -> Array:
    import numpy as np

    text = values.astype(object).where(values.notna(), "")
    frequent = text.value_counts().index[:CATEGORIES]
    shown = [(text == category).to_numpy(dtype=float) for category in frequent]
    rest = (~text.isin(frequent)).to_numpy(dtype=float)
    return np.column_stack([*shown, rest])


def where(split: Split, row: object) -> str:
    """Where a row of a sample stands: its file and line, or the path of the image that it is."""
    if isinstance(row, str):
        return row
    place = split.locate(int(row))  # type: ignore[call-overload]
    return f"{place.path}:{place.line}" if place.line else f"{place.path} {place.part}"
