"""DS204: a quantity to be predicted with a heavy tail or many zeros."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset, Task
from nnlint.finding import Finding, Table
from nnlint_checks.data.values import about, sampled_numbers, skewness

FEWEST_ROWS = 100
MOST_ZERO = 0.3


@check("DS204", level=HINT)
def skewed_target(data: Dataset, *, skew: float = 2.0) -> Iterator[Finding]:
    """The target of a regression has a heavy tail, or is zero in many rows.

    Why: the squared error of the few largest targets outweighs all others; where many targets are zero, the
    network settles between zero and the usual amount, where no row lies.
    Source: Box, Cox, "An Analysis of Transformations", 1964; Lambert, "Zero-Inflated Poisson
    Regression", 1992.
    Options: skew: skewness of the target.

    Fires:
        Sums insured.
        ```python generate
        # expect train.csv  hint: [DS204]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["target"] = np.exp(rng.normal(8, 1.5, 400))
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        The same sums as logarithms.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
        frame["target"] = rng.normal(8, 1.5, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if data.target is None or data.target.task is not Task.REGRESSION:
        return
    for column, values in sampled_numbers(data, data.train):
        if column.name != data.target.column or len(values) < FEWEST_ROWS:
            continue
        zeros, found = float((values == 0).mean()), skewness(values)
        if zeros <= MOST_ZERO and (found <= skew or values.min() < 0):
            continue
        name = column.name[:30]
        many = zeros > MOST_ZERO
        yield about(
            data,
            data.train,
            column.name,
            f"target '{name}' is 0 in {zeros:.0%} of the rows"
            if many
            else f"target '{name}' is skewed: {found:.1f}",
            "predict first whether it is zero, then how large it is"
            if many
            else "predict its logarithm (log1p)",
            Table(("skewness", "zeros"), ((f"{found:.2f}", f"{zeros:.1%}"),)),
        )
