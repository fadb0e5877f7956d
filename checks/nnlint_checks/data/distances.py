"""How far the rows of a table lie from their nearest other rows, all features on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Dataset, Kind
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

ROWS = 3_000
COLUMNS = 100
FEWEST_ROWS = 100
FINE = 0.2
"""Distinct values to rows from which on a number is a measurement that can be compared by distance."""


def scaled(data: Dataset) -> tuple[pd.DataFrame, Array] | None:
    """A part of the training rows and their measurements, each scaled by quartiles; None when too few."""
    import numpy as np

    frame = data.sample(data.train.role) if flat(data) and not pixels(data) else None
    if frame is None or len(frame) < FEWEST_ROWS:
        return None
    frame = frame.sample(min(ROWS, len(frame)), random_state=0).sort_index()
    numbers = [c.name for c in data.train.columns if c.kind is Kind.NUMBER and c.name in data.features]
    fine = [n for n in numbers if n in frame and frame[n].nunique() >= FINE * len(frame)][:COLUMNS]
    frame = frame.loc[np.isfinite(frame[fine].to_numpy(float)).all(axis=1)]
    if len(fine) < 2 or len(frame) < FEWEST_ROWS:
        return None
    values = np.clip(frame[fine].to_numpy(float), -1e100, 1e100)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    spread = np.where(high > low, (high - low) / 1.349, 1.0)
    return frame, (values - middle) / spread


def nearest(values: Array, neighbours: int) -> tuple[Array, Array]:
    """Distance and row number of that many nearest other rows, the nearest first."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=neighbours).fit(values)
    distances, rows = found.kneighbors()
    return distances, rows
