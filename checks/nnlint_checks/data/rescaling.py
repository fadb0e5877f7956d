"""Columns that differ between splits because of what was done to them: scaled in one, exchanged in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint_checks.data.comparison import kolmogorov, kolmogorov_distance, shifts, significant

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

RATIO = 5.0
"""Ratio of spreads from which a change of scale is told from a mere shift."""

AGREE = 1.5
"""Factor within which the ratios of deviations and of quartile ranges agree: an outlier moves only one."""

ALIKE = 0.001
"""Chance of the distance of the standardised values above which the shapes are the same."""

DISTANCE = 0.2
"""Distance of the standardised values that is always too large for the same shape."""

FEW = 5
"""Distinct values from which a number has a shape that can be compared."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """An affine change: the standard deviation is ``ratio`` times that of the training split."""

    column: Column
    ratio: float
    train: tuple[float, float]
    here: tuple[float, float]  # mean, deviation


def scaled(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> dict[str, Scaling]:
    """The feature columns whose values in ``split`` are those of training after a change of scale."""
    changes = _changes(data, split, train, other)
    beyond = [c for c in changes if not 1 / RATIO < c.ratio < RATIO]
    whole = _standardised(changes)
    return {c.column.name: c for c in changes if whole or c in beyond or _along(c, beyond)}


def _along(change: Scaling, beyond: list[Scaling]) -> bool:
    """Whether a column became standard as those did that surely were scaled; some are left as they are."""
    if len(beyond) < 2:
        return False
    here = all(_standard(c.here) for c in beyond) and _standard(change.here) and not _standard(change.train)
    train = all(_standard(c.train) for c in beyond) and _standard(change.train) and not _standard(change.here)
    return here or train


def _standard(figures: tuple[float, float]) -> bool:
    return abs(figures[0]) < 0.1 and 0.9 < figures[1] < 1.1


def _changes(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> list[Scaling]:
    import numpy as np

    found = []
    for column in data.train.columns:
        twin = split.column(column.name)
        numbers = column.kind is Kind.NUMBER and twin is not None and twin.kind is Kind.NUMBER
        if not numbers or column.name not in data.features or column.name not in other:
            continue
        a, b = (f[column.name].to_numpy(float) for f in (train, other))
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if min(len(a), len(b)) >= 10 and min(len(np.unique(a[:1000])), len(np.unique(b[:1000]))) >= FEW:
            found += [c] if (c := _affine(column, a, b)) else []
    return found


def _affine(column: Column, a: Array, b: Array) -> Scaling | None:
    """The change from ``a`` to ``b`` if standardised values are distributed alike."""
    if not a.std() or not b.std():
        return None
    ratio = float(b.std() / a.std())
    quarters = [float(x[1] - x[0]) for x in (_quartiles(a), _quartiles(b))]
    if min(quarters) > 0 and not 1 / AGREE < quarters[1] / quarters[0] / ratio < AGREE:
        return None
    distance = kolmogorov_distance((a - a.mean()) / a.std(), (b - b.mean()) / b.std())
    if distance > DISTANCE or kolmogorov(distance, len(a), len(b)) < ALIKE:
        return None
    return Scaling(column, ratio, (float(a.mean()), float(a.std())), (float(b.mean()), float(b.std())))


def _quartiles(values: Array) -> Array:
    import numpy as np

    result: Array = np.quantile(values, [0.25, 0.75])
    return result


def _standardised(changes: list[Scaling]) -> bool:
    """Whether one side has mean 0 and deviation 1 in all columns and the other is far from it in most.

    A split that has them exactly was standardised by its own figures; then less distance is enough. Training
    rows have them exactly as a rule, and other rows that differ from them have merely moved (DS401).
    """
    sides = [(c.train, c.here) for c in changes]
    for own, pairs in ((True, sides), (False, [(here, train) for train, here in sides])):
        raw = [abs(m) > 1 or not 0.5 < d < 2 for (m, d), _ in pairs]
        standard = [abs(m) < 0.5 and 0.6 < d < 1.6 for _, (m, d) in pairs]
        exact = [abs(m) < 0.005 and 0.95 < d < 1.05 for _, (m, d) in pairs]
        apart = [abs(m) > 0.2 or not 0.8 < d < 1.25 for (m, d), _ in pairs]
        if len(pairs) >= 2 and all(standard) and sum(raw) >= 0.7 * len(raw):
            return True
        if own and len(pairs) >= 2 and all(exact) and sum(apart) >= 0.5 * len(apart):
            return True
    return False


def exchanged(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> dict[str, str]:
    """Column -> the training column whose values it holds, where all that differ have changed places."""
    found = significant(shifts(data, split, train, other))
    moved = [s.column.name for s in found if s.column.kind is Kind.NUMBER]
    if len(moved) < 2 or len(moved) != len(found):
        return {}
    origin = {name: _nearest(name, moved, train, other) for name in moved}
    whole = all(origin.values()) and set(origin.values()) == set(moved)
    return {k: v for k, v in origin.items() if v} if whole else {}


def _nearest(name: str, moved: list[str], train: pd.DataFrame, other: pd.DataFrame) -> str | None:
    """The training column that these values are distributed like, None when there is none."""
    values = other[name].dropna().to_numpy()
    best, distance = min(
        ((m, kolmogorov_distance(train[m].dropna().to_numpy(), values)) for m in moved), key=lambda p: p[1]
    )
    alike = distance < DISTANCE and kolmogorov(distance, len(train), len(values)) > ALIKE
    return best if alike and best != name else None
