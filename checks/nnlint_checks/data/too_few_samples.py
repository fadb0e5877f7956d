"""DS410: fewer rows than a network can learn from."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import EXCERPT_ROWS, flat


@check("DS410", level=WARNING)
def too_few_samples(data: Dataset, *, rows: int = 50, per_column: float = 10.0) -> Iterator[Finding]:
    """There are fewer than 50 training rows, or fewer than ten for each feature.

    Why: a network of any size learns so few rows by heart; what it scores on the handful of held-out rows is
    chance. Flags and columns of one-hot encodings are not counted.
    Source: Harrell, "Regression Modeling Strategies", 2015, ten to twenty rows a predictor; Raudys, Jain,
    "Small Sample Size Effects in Statistical Pattern Recognition", TPAMI 1991.
    Options: rows: training rows in all; per_column: training rows for each feature column.

    Fires:
        Sixty columns, two hundred rows.
        ```python generate
        # expect train.csv  warning: [DS410]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200, 60)), columns=[f"band {i}" for i in range(60)])
        frame["label"] = rng.integers(0, 2, 200)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        A hundred one-hot columns are one category.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.get_dummies(pd.Series(rng.integers(0, 40, 300)).astype(str)).astype(int)
        frame["amount"] = rng.normal(size=300)
        frame["label"] = rng.integers(0, 2, 300)
        frame.to_csv("train.csv", index=False)
        ```
    """
    train = data.train
    if not flat(data) or train.rows <= EXCERPT_ROWS or pixels(data):
        return
    skipped = (Kind.BOOLEAN, Kind.EMPTY)
    features = [c for c in train.columns if c.name in data.features and c.kind not in skipped]
    wide = [c for c in features if c.distinct is None or c.distinct > 2]
    if train.rows < rows:
        said = f"only {train.rows} training rows"
    elif train.rows < per_column * len(wide):
        said = f"{train.rows:,} training rows for {len(wide):,} features: {train.rows / len(wide):.1f} each"
    else:
        return
    yield Finding(
        Place(train.paths[-1]),
        said,
        "collect more rows, drop features, or use a simpler model and cross-validation",
        subject=(data.place.path, "size"),
    )
