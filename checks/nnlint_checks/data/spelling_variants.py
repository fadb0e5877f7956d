"""DS314: one category in several spellings."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind
from nnlint.finding import Finding, Table
from nnlint_checks.data.spelling import shown, variants
from nnlint_checks.data.values import about, flat

SHOWN = 8


@check("DS314", level=WARNING, over=("DS405",))
def spelling_variants(data: Dataset) -> Iterator[Finding]:
    """Categories differ only by case, spaces, accents or punctuation.

    Why: each spelling becomes a category of its own, with its own one-hot column or embedding, learned from a
    part of the rows; the rare spelling is hardly learned at all.
    Source: Breck et al., "Data Validation for Machine Learning", 2019; deepchecks, "String Mismatch".

    Fires:
        One city in three spellings.
        ```python generate
        # expect train.csv  warning: [DS314]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        cities = ["Rome", "Oslo", "Bern", "rome", "Rome "]
        city = rng.choice(cities, 400, p=[0.3, 0.3, 0.3, 0.05, 0.05])
        frame = pd.DataFrame({"city": city, "area": rng.normal(size=400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        A sign or a digit makes another category.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"language": rng.choice(["C", "C++", "C#", "Go"], 400)})
        frame["grade"] = rng.choice(["A", "A+", "A-", "B"], 400)
        frame["size"] = rng.choice(["1-2", "12", "1.2 m"], 400)
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data):
        return
    for name in dict.fromkeys(c.name for s in data.splits for c in s.columns if c.name in data.features):
        counts: dict[str, int] = {}
        splits = [s for s in data.splits if (c := s.column(name)) and c.kind is Kind.CATEGORY]
        for split in splits:
            column = split.column(name)
            for value, n in column.top if column else ():
                counts[value] = counts.get(value, 0) + n
        groups = variants(counts.items())
        if groups:
            also = f", and {len(groups) - 1} more such groups" if len(groups) > 1 else ""
            yield about(
                data,
                splits[0],
                name,
                f"categories of '{name[:20]}' differ only by spelling: {shown(groups[0])}{also}",
                "give each category one spelling (strip, lower case) before it is encoded",
                Table(("category", "rows"), tuple((repr(v), f"{n:,}") for g in groups[:3] for v, n in g[:4])),
                together="have categories that differ only by spelling",
            )
