"""DS310: rows that are equal but for a little noise."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.distances import nearest, scaled
from nnlint_checks.data.matrix import where

MOST = 0.5
"""Part of the rows above which near twins are the nature of the data: a slow signal, read often."""

FEWEST = 3


@check("DS310", level=HINT)
def near_duplicate_rows(data: Dataset, *, distance: float = 0.02) -> Iterator[Finding]:
    """Rows are equal to another row but for a tiny part of the usual distance.

    Why: near twins that a random split puts on both sides make the test score a measure of memory. They come
    from augmented or jittered copies, or from one thing measured twice.
    Source: Barz, Denzler, "Do We Train on Test Data?", 2020; cleanlab, "near duplicate issue".
    Options: distance: to the nearest row, as a part of the median of these distances.

    Fires:
        Ten rows were copied with a little noise.
        ```python generate
        # expect train.csv  hint: [DS310]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
        again = frame.head(10) + rng.normal(0, 0.0005, (10, 4))
        frame = pd.concat([frame, again])
        frame["label"] = rng.integers(0, 2, 410)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Rows as near as chance puts them.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    found = scaled(data)
    if found is None or found[1].shape[1] < FEWEST:
        return
    frame, values = found
    distances, rows = nearest(values, 1)
    gaps = distances[:, 0]
    twins = (gaps > 0) & (gaps < distance * float(sorted(gaps)[len(gaps) // 2]))
    if twins.sum() < 2 * FEWEST or twins.mean() > MOST:
        return
    pairs = [(int(i), int(rows[i, 0])) for i in twins.nonzero()[0] if i < rows[i, 0]]
    shown = tuple(
        (where(data.train, frame.index[a]), where(data.train, frame.index[b])) for a, b in pairs[:8]
    )
    yield Finding(
        Place(data.train.paths[-1]),
        f"{int(twins.sum()):,} of {len(frame):,} sampled rows equal another row but for tiny differences",
        "keep one of each such pair, or keep both on one side of the split",
        table=Table(("row", "near twin"), shown),
        subject=(data.place.path, "rows"),
    )
