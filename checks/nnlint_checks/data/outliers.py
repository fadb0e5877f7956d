"""DS304: single values far outside a light-tailed column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Split
from nnlint.finding import Finding, Table
from nnlint_checks.data.matrix import where
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import about, flat, sampled_numbers

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_ROWS = 50
LEAST_DISTINCT = 12
MOST = 0.01
"""Part of the rows beyond which far values are a tail rather than accidents."""

INSIDE = 6.0
"""Robust deviations that all other values stay within: a normal column of 20 000 rows reaches 4.3."""

SKEW = 1.0
KURTOSIS = 1.5
"""Skewness and excess kurtosis of the other values; the exponential distribution has 2 and 6."""

WIDE, WIDE_DEVIATIONS = 50, 3.0
"""Number columns from which, where most of them have tails, values must lie so many times farther out."""

SHOWN = 8


@check("DS304", level=WARNING, over=("DS312", "DS316"))
def outliers(data: Dataset, *, deviations: float = 10.0) -> Iterator[Finding]:
    """Single values lie more than ten robust deviations from the middle of a light-tailed column.

    Why: a slipped decimal point or another unit. Its squared error outweighs that of all other rows, and the
    deviation that scales the column is its own.
    Source: Rousseeuw, Hubert, "Robust statistics for outlier detection", 2011. Columns whose other values are
    skewed or heavy-tailed themselves (prices, counts, durations) have such values by nature.
    Options: deviations: robust standard deviations (quartile distance / 1.349) from the median.

    Fires:
        A height in millimetres among centimetres.
        ```python generate
        # expect train.csv  warning: [DS304]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"height": rng.normal(172, 9, 400), "weight": rng.normal(70, 9, 400)})
        frame.loc[17, "height"] = 1742.0
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Incomes have a heavy tail by nature.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"income": np.exp(rng.normal(8, 1, 400)), "age": rng.normal(40, 9, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data) or pixels(data):
        return
    seen: set[str] = set()
    for split in data.splits:
        found = [
            (column, values, far)
            for column, values in sampled_numbers(data, split)
            if column.name not in seen and (far := _far(values, deviations)) is not None and len(far)
        ]
        by_nature = bool(found) and _tailed(values for _, values in sampled_numbers(data, split))
        for column, values, far in found:
            if by_nature and len(_far_out(values, WIDE_DEVIATIONS * deviations)) < len(far):
                continue
            seen.add(column.name)
            yield _finding(data, split, column, values, far)


def _tailed(columns: Iterable[Array]) -> bool:
    """Whether most of many columns have tails: some then lack them by chance."""
    light = [_light(v) for v in columns if len(v) >= FEWEST_ROWS and v.std() > 0]
    return len(light) >= WIDE and 2 * sum(light) < len(light)


def _far_out(values: Array, deviations: float) -> Array:
    import numpy as np

    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return np.unique(values[np.abs(values - middle) > deviations * (high - low) / 1.349])


def _light(values: Array) -> bool:
    """Whether values lie no farther out than those of a normal or uniform distribution do."""
    centred = (values - values.mean()) / values.std()
    return bool(abs((centred**3).mean()) <= SKEW and (centred**4).mean() - 3 <= KURTOSIS)


def _far(values: Array, deviations: float) -> Array | None:
    """The values far from all others, None where the others have tails themselves."""
    import numpy as np

    if len(values) < FEWEST_ROWS or len(np.unique(values)) < LEAST_DISTINCT:
        return None
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349
    if spread <= 0:
        return None
    distances = np.abs(values - middle) / spread
    far, rest = values[distances > deviations], values[distances <= deviations]
    if (
        not len(far)
        or len(far) > max(2, MOST * len(values))
        or distances[distances <= deviations].max() > INSIDE
    ):
        return None
    return np.unique(far) if _light(rest) else None


def _finding(data: Dataset, split: Split, column: Column, values: Array, far: Array) -> Finding:
    import numpy as np

    frame = data.sample(split.role)
    rows = frame.index[frame[column.name].isin(far)] if frame is not None else ()
    shown = tuple(
        (where(split, row), f"{frame[column.name][row]:,.6g}") for row in rows[:SHOWN] if frame is not None
    )
    worst = far[np.argmax(np.abs(far - np.median(values)))]
    return about(
        data,
        split,
        column.name,
        f"'{column.name[:30]}' is {worst:,.6g}, its median {np.median(values):,.4g}: {len(rows)} outliers"
        if len(rows) > 1
        else f"'{column.name[:30]}' is {worst:,.6g} in one row; its median is {np.median(values):,.4g}",
        "check these values: a slipped decimal point, another unit, or a code for missing",
        Table(("row", "value"), shown),
        together="have outliers",
    )
