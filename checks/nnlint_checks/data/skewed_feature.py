"""DS312: a feature with a heavy tail."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset
from nnlint.finding import Finding, Table
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import about, flat, sampled_numbers, skewness

FEWEST_ROWS = 100
LEAST_DISTINCT = 20


@check("DS312", level=HINT)
def skewed_feature(data: Dataset, *, skew: float = 5.0) -> Iterator[Finding]:
    """A feature has a heavy tail.

    Why: scaled by mean and deviation, nearly all rows are squeezed near zero and a few reach beyond ten: the
    network sees the rare large values and little of the differences among the others.
    Source: LeCun et al., "Efficient BackProp", 1998; scikit-learn, "Map data to a normal distribution".
    Options: skew: skewness of the feature, without regard to its sign.

    Fires:
        Balances of accounts.
        ```python generate
        # expect train.csv  hint: [DS312]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"balance": np.exp(rng.normal(6, 2.5, 800)), "age": rng.normal(40, 9, 800)})
        frame["label"] = rng.integers(0, 2, 800)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Waiting times are skewed, too, but not by much.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"wait": rng.exponential(6, 400), "age": rng.normal(40, 9, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data) or pixels(data):
        return
    target = data.target.column if data.target else None
    for column, values in sampled_numbers(data, data.train):
        if (
            column.name == target
            or len(values) < FEWEST_ROWS
            or (column.distinct or len(values)) < LEAST_DISTINCT
        ):
            continue
        found = skewness(values)
        if abs(found) > skew:
            yield about(
                data,
                data.train,
                column.name,
                f"feature '{column.name[:35]}' has a heavy tail: skewness {found:.1f}",
                "take its logarithm, or map it by quantiles, before it is scaled",
                Table(
                    ("skewness", "mean", "maximum"),
                    ((f"{found:.2f}", f"{values.mean():,.4g}", f"{values.max():,.4g}"),),
                ),
                together="have heavy tails",
            )
