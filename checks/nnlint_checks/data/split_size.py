"""DS409: a held-out split that is too small, too large or not there."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place
from nnlint.evidence.source import Pipeline
from nnlint.finding import Finding, Table
from nnlint_checks.data.values import EXCERPT_ROWS

ENOUGH = 5_000
"""Held-out rows whose accuracy is known to 0.7 points, however small their share."""


@check("DS409", level=HINT)
def split_size(
    data: Dataset, code: Pipeline | None, *, least: float = 0.01, most: float = 0.6
) -> Iterator[Finding]:
    """The held-out rows are too few, most of all rows, or there are none.

    Why: a score over a handful of rows is chance; rows that are held out are not learned from.
    Source: Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", section 7.2; deepchecks,
    "Datasets Size Comparison".
    Options: least, most: held-out rows to all rows.

    Fires:
        Four test rows to eight hundred.
        ```python generate
        # expect test.csv  hint: [DS409]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(804, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.integers(0, 2, 804)
        frame[:800].to_csv("train.csv", index=False)
        frame[800:].to_csv("test.csv", index=False)
        ```
    Silent:
        A fifth is held out.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(800, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.integers(0, 2, 800)
        frame[:640].to_csv("train.csv", index=False)
        frame[640:].to_csv("test.csv", index=False)
        ```
    """
    rows = sum(s.rows for s in data.splits)
    held = [s for s in data.splits if s is not data.train]
    if rows <= EXCERPT_ROWS or (not held and (code is not None or data.train.role == "all")):
        return  # a program may well divide a table itself, and so may who lints it alone
    count = sum(s.rows for s in held)
    small = count < least * rows and count < ENOUGH
    if not small and count <= most * rows:
        return
    yield Finding(
        Place((held or data.splits)[-1].paths[0]),
        f"{count:,} of {rows:,} rows are held out ({count / rows:.1%})" if held else "no rows are held out",
        "hold out 10 to 30 % of the rows, drawn at random or later in time",
        table=Table(("split", "rows"), tuple((s.role, f"{s.rows:,}") for s in data.splits)),
        subject=(data.place.path, "size"),
    )
