"""DS316: rows far from all others."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.distances import nearest, scaled
from nnlint_checks.data.matrix import where

NEIGHBOURS = 5
"""So many accidents of one kind do not hide each other."""

MOST = 0.01
TAIL = 0.99


@check("DS316", level=HINT)
def multivariate_outliers(data: Dataset, *, times: float = 4.0) -> Iterator[Finding]:
    """Rows lie far from all others, all features taken together.

    Why: they are often rows of another kind, unit or device; the network spends its capacity on them, and
    their gradients are the largest.
    Source: Ramaswamy, Rastogi, Shim, "Efficient Algorithms for Mining Outliers", SIGMOD 2000: distance to the
    fifth nearest row.
    Options: times: that distance, to the distance that 99 % of the rows stay below.

    Fires:
        Two rows of another device.
        ```python generate
        # expect train.csv  hint: [DS316]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 6)), columns=list("abcdef"))
        frame.loc[[7, 9]] *= 0.1
        frame.loc[[7, 9]] += [8.5, -8.5, 8.5, -8.5, 8.5, -8.5]
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        The farthest rows of a usual table.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 6)), columns=list("abcdef"))
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    found = scaled(data)
    if found is None:
        return
    frame, values = found
    far = nearest(values, NEIGHBOURS)[0][:, -1]
    usual = float(sorted(far)[int(TAIL * len(far)) - 1])
    beyond = (far > times * usual).nonzero()[0]
    if not len(beyond) or len(beyond) > MOST * len(frame):
        return
    shown = tuple((where(data.train, frame.index[i]), f"{far[i] / usual:.1f}") for i in beyond[:8])
    yield Finding(
        Place(data.train.paths[-1]),
        f"{len(beyond)} of {len(frame):,} sampled rows lie far from all others",
        "look at these rows: another unit, device or kind?",
        table=Table(("row", "times the usual distance"), shown),
        subject=(data.place.path, "outliers"),
    )
