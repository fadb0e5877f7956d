"""DS308: columns that say the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.finding import Finding, Table
from nnlint_checks.data.digits import linear_but_for_rounding
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import EXCERPT_ROWS, about, flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

ROWS = 4_000
COLUMNS = 1_000
FEWEST_DISTINCT = 4
"""Distinct values below which columns may agree by chance or by encoding (flags, one-hot columns)."""

EXACT = 1e-9
CLOSE = 2e-3
"""How far from 1 rounding may bring a correlation."""

SHOWN = 10

Pair = tuple[str, str, str]


@check("DS308", level=WARNING)
def duplicate_columns(data: Dataset) -> Iterator[Finding]:
    """Two features are identical, or one is a linear function of the other.

    Why: the second column adds nothing but weights that cannot be told apart, and doubles the weight of what
    it says. Often a join brought a column twice, or one quantity stands there in two units.
    Source: scikit-learn, "Permutation Importance with Multicollinear or Correlated Features"; Great
    Expectations and deepchecks look for the same.

    Fires:
        Two units of one temperature.
        ```python generate
        # expect train.csv  warning: [DS308]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"celsius": rng.normal(20, 5, 400), "wind": rng.normal(0, 5, 400)})
        frame["fahrenheit"] = frame["celsius"] * 1.8 + 32
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Closely correlated is not the same, and a pair of flags is one-hot.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"radius": rng.normal(20, 3, 400)})
        frame["perimeter"] = frame["radius"] * 6.28 + rng.normal(0, 0.2, 400)
        frame["male"] = rng.integers(0, 2, 400)
        frame["female"] = 1 - frame["male"]
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data) or pixels(data):
        return
    frame = data.sample(data.train.role)
    if frame is None or len(frame) <= EXCERPT_ROWS:
        return
    frame = frame.head(ROWS)
    columns = [c for c in data.train.columns if c.name in data.features and c.name in frame][:COLUMNS]
    pairs = [*_linear(columns, frame), *_equal(columns, frame)]
    if pairs:
        first, second, how = pairs[0]
        also = f", and {len(pairs) - 1} more such columns" if len(pairs) > 1 else ""
        yield about(
            data,
            data.train,
            second,
            f"column '{second[:25]}' is {how} '{first[:25]}'{also}",
            "keep one of the columns",
            Table(("column", "is", "column"), tuple((b, how, a) for a, b, how in pairs[:SHOWN])),
        )


def _linear(columns: list[Column], frame: pd.DataFrame) -> Iterator[Pair]:
    """Each number column that is a linear function of an earlier one, on the same rows."""
    import numpy as np

    names = [c.name for c in columns if c.kind is Kind.NUMBER and _varies(frame[c.name])]
    if len(names) < 2:
        return
    values = frame[names].to_numpy(float)
    there = np.isfinite(values)
    values = np.where(there, values, 0.0)
    means = values.sum(axis=0) / there.sum(axis=0)
    centred = np.where(there, values - means, 0.0)
    norms = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(norms > 0, norms, 1.0)
    alike = np.triu(np.abs(scaled.T @ scaled), 1)
    exact = alike > 1 - EXACT
    taken: set[int] = set()
    for a, b in zip(*np.nonzero(alike > 1 - CLOSE), strict=True):
        same_rows = bool((there[:, a] == there[:, b]).all())
        if b in taken or not same_rows or norms[a] < 1e-12 * abs(means[a]):
            continue
        known = there[:, a]
        if not exact[a, b] and not linear_but_for_rounding(values[known, a], values[known, b]):
            continue
        taken.add(int(b))
        equal = bool((values[:, a] == values[:, b]).all())
        yield names[a], names[b], "identical to" if equal else "a linear function of"


def _varies(values: pd.Series[Any]) -> bool:
    return (
        values.dtype.kind == "f"
        and values.nunique() >= FEWEST_DISTINCT
        and values.notna().sum() > EXCERPT_ROWS
    )


def _equal(columns: list[Column], frame: pd.DataFrame) -> Iterator[Pair]:
    """Each column of categories or text that repeats an earlier one."""
    seen: dict[tuple[object, ...], str] = {}
    for column in columns:
        values = frame[column.name]
        if column.kind not in (Kind.CATEGORY, Kind.TEXT) or values.nunique() < FEWEST_DISTINCT:
            continue
        key = tuple(values.fillna("\0"))
        if key in seen:
            yield seen[key], column.name, "identical to"
        seen.setdefault(key, column.name)
