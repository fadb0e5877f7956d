"""DS405: categories that the training split never shows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.chance import SIGNIFICANCE
from nnlint_checks.data.comparison import runs_on

SHOWN = 6

Counts = dict[str, int]


@check("DS405", level=WARNING, over=("DS401",))
def unseen_categories(data: Dataset, *, significance: float = SIGNIFICANCE) -> Iterator[Finding]:
    """Rows of a split have categories that no training row has.

    Why: the network has learned nothing about them: an encoder fitted on the training rows fails or makes
    zeros of them, and an embedding gives the vector it was initialised with.
    Source: Breck et al., "Data Validation for Machine Learning", MLSys 2019, unexpected string values. Rare
    categories fall into one split alone by chance: of m rows all go to a split of share s with
    probability s ** m, which all categories of the column together must exceed.
    Options: significance: chance that a random division gives as many such rows in one column.

    Fires:
        A city that only the test rows know.
        ```python generate
        # expect test.csv  warning: [DS405]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        city, area = rng.choice(["Rome", "Oslo", "Bern"], 400), rng.normal(size=400)
        frame = pd.DataFrame({"city": city, "area": area})
        frame["label"] = rng.integers(0, 2, 400)
        frame.loc[380:, "city"] = "Kyiv"
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
    Silent:
        Some cities have one or two rows, which a random division gives to one side.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        rare = [f"village {i % 30}" for i in range(40)]
        frame = pd.DataFrame({"city": [*rng.choice(["Rome", "Oslo", "Bern"], 360), *rare]})
        frame["area"] = rng.normal(size=400)
        frame["label"] = rng.integers(0, 2, 400)
        frame = frame.sample(frac=1, random_state=0)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
        Each subject stands in one split, as it should.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"subject": [f"s{i // 10}" for i in range(400)], "area": rng.normal(size=400)})
        frame["level"] = rng.normal(size=400)
        frame["label"] = rng.integers(0, 2, 400)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
    """
    for split in data.splits:
        for column in data.train.columns if split is not data.train else ():
            twin = split.column(column.name)
            if twin is None or not _judged(data, column) or not twin.top or not column.top:
                continue
            ours, theirs = dict(column.top), dict(twin.top)
            unseen = {value: n for value, n in theirs.items() if value not in ours}
            if unseen and not _chance(ours, theirs, unseen, significance):
                yield _finding(data, split, twin, unseen)


def _judged(data: Dataset, column: Column) -> bool:
    """A feature of categories, or of truth values, that does not number or name what is measured."""
    few = column.kind is Kind.CATEGORY and (column.distinct or 0) <= 0.5 * (column.rows - column.missing)
    return column.name in data.features and few and not runs_on(column)


def _chance(ours: Counts, theirs: Counts, unseen: Counts, significance: float) -> bool:
    """Whether a random division of all rows leaves as many in categories of one side."""
    here = sum(theirs.values())
    share = here / (here + sum(ours.values()))
    pooled = {value: ours.get(value, 0) + theirs.get(value, 0) for value in {*ours, *theirs}}
    if any(len(pooled) * share**n < significance for n in unseen.values()):
        return False
    expected = sum(n * share**n for n in pooled.values())
    spread = math.sqrt(sum(n * n * share**n * (1 - share**n) for n in pooled.values()))
    return sum(unseen.values()) <= expected + 4 * spread + 1


def _finding(data: Dataset, split: Split, column: Column, unseen: Counts) -> Finding:
    ranked = sorted(unseen.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = sum(unseen.values())
    what = f"'{ranked[0][0][:20]}'" + (f" and {len(ranked) - 1} more" if len(ranked) > 1 else "")
    return Finding(
        Place(split.paths[0], part=f"column '{column.name}'"),
        f"{rows:,} {split.role} rows have categories of '{column.name[:25]}' unseen in training: {what}",
        "give training rows of every category, or one category to all that are rare or new",
        table=Table(("category", f"{split.role} rows"), tuple((v, f"{n:,}") for v, n in ranked[:SHOWN])),
        subject=(data.place.path, column.name),
        together="have categories unseen in training",
    )
