"""DS307: rows that occur more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.chance import beyond_chance, collision_bits, filled, keys
from nnlint_checks.data.conflicts import REPEATING
from nnlint_checks.data.matrix import where
from nnlint_checks.data.values import EXCERPT_ROWS, flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

FINE = 0.5
"""Part of the distinct rows that have a value of their own in some column: measured finely enough that many
equal rows are copies. Wine quality, whose bottles repeat by nature, comes to 0.3."""

WIDEST = 40
"""Columns up to which each is left out once to look for rows that are nearly equal."""

APPENDED = 3
"""Different numbers of times that rows are there: a file that was appended to itself has one or two of them,
values that are drawn again and again have many."""

SHOWN = 8


@check("DS307", level=WARNING)
def duplicate_rows(data: Dataset, *, share: float = 0.005) -> Iterator[Finding]:
    """Rows are copies of other rows, more than chance gives.

    Why: copies count several times in the loss, and a random split puts them on both sides, so that the test
    score measures memory. Mostly a file was appended to itself or joined with a key that repeats.
    Source: Barz, Denzler, "Do We Train on Test Data?", 2020; scikit-learn, "Common pitfalls". How many equal
    rows chance gives is estimated from the columns' collision entropies.
    Options: share: part of the rows from which on copies are reported.

    Fires:
        The first rows were appended again.
        ```python generate
        # expect train.csv  warning: [DS307]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
        frame["label"] = rng.integers(0, 2, 400)
        pd.concat([frame, frame.head(20)]).to_csv("train.csv", index=False)
        ```
    Silent:
        Answers of few values are equal by chance.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        columns = {"smokes": 2, "sports": 2, "region": 5, "age": 6, "diet": 4}
        frame = pd.DataFrame({name: rng.integers(0, n, 400) for name, n in columns.items()})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data):
        return
    frame = data.alike(data.train.role)
    if frame is None or len(frame) <= EXCERPT_ROWS:
        return
    columns = [c.name for c in data.train.columns if c.name in frame and c.name not in data.identifiers]
    target = data.target.column if data.target else None
    told = [name for name in columns if name != target]
    there = frame[filled(frame[told])] if told else frame.head(0)
    hashed = keys(there[columns]) if len(there) else None
    copies = _copies(data, there, columns, hashed) if hashed is not None else None
    if copies is None or copies.sum() < max(3, share * len(there)):
        return
    count = round(int(copies.sum()) / data.alike_share)
    rows = tuple((where(data.train, row),) for row in there.index[copies][:SHOWN])
    approximately = "about " if data.alike_share < 1 else ""
    yield Finding(
        Place(data.train.paths[-1]),
        f"{approximately}{count:,} of {data.train.rows:,} rows are copies of other rows",
        "drop the copies before the rows are divided (drop_duplicates)",
        table=Table(("copy",), rows),
        subject=(data.place.path, "rows"),
    )


def _copies(data: Dataset, frame: pd.DataFrame, columns: list[str], hashed: Array) -> Array | None:
    """Which rows repeat an earlier one; None when that is chance, or the nature of the columns."""
    import pandas as pd

    series = pd.Series(hashed)
    copies: Array = series.duplicated().to_numpy()
    repeating = series.duplicated(keep=False).mean()
    times = series.value_counts()
    distinct = frame[~copies]
    if repeating > REPEATING:
        drawn = times[times > 1].nunique() > APPENDED
        if drawn or (
            _finest(data, distinct, columns) < FINE and _alike(distinct[columns], int(copies.sum()))
        ):
            return None
    expected = len(frame) ** 2 / 2 * 2 ** -collision_bits(distinct[columns])
    return copies if beyond_chance(int(copies.sum()), expected) else None


def _alike(distinct: pd.DataFrame, copies: int) -> bool:
    """Whether as many rows are equal in all columns but one: then columns repeat by nature."""
    import pandas as pd

    near = 0
    for name in distinct.columns[:WIDEST]:
        near += int(pd.Series(keys(distinct.drop(columns=name))).duplicated().sum())
        if near >= copies:
            return True
    return distinct.shape[1] < 3 or distinct.shape[1] > WIDEST


def _finest(data: Dataset, frame: pd.DataFrame, columns: list[str]) -> float:
    """The largest part of the rows that are told apart by one column alone."""
    kinds = {c.name: c.kind for c in data.train.columns}
    told = (Kind.NUMBER, Kind.TEXT, Kind.TIME)
    parts = [frame[name].nunique() / len(frame) for name in columns if kinds[name] in told]
    return max(parts, default=0.0)
