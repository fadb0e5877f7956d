"""DP708: rows are copied or mixed before test rows are split off."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Pipeline
from nnlint.finding import Finding


@check("DP708", level=ERROR)
def resampled_before_split(pipeline: Pipeline) -> Iterator[Finding]:
    """Classes are balanced by copies or mixtures of rows, and the result is split.

    Why: copies of one row are then in both parts, and rows made up from a test row are trained on: the
    test result is that of rows the model knows. The test rows have another share of the classes than real
    ones, too.
    Source: imbalanced-learn, "Common pitfalls and recommended practices" (data leakage).

    Fires:
        SMOTE first, split afterwards.
        ```python
        import pandas as pd
        from imblearn.over_sampling import SMOTE
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("fraud.csv")
        X, y = df.drop(columns="Class"), df["Class"]
        X, y = SMOTE(random_state=0).fit_resample(X, y)  # error: [DP708]
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        ```
    Silent:
        Only the training rows are resampled.
        ```python
        import pandas as pd
        from imblearn.over_sampling import SMOTE
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("fraud.csv")
        X, y = df.drop(columns="Class"), df["Class"]
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        X_train, y_train = SMOTE(random_state=0).fit_resample(X_train, y_train)
        ```
        The training rows are divided again, for the choice of a model; the test rows were split off before.
        ```python
        import pandas as pd
        from imblearn.under_sampling import RandomUnderSampler
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("fraud.csv")
        X, y = RandomUnderSampler().fit_resample(df.drop(columns="Class"), df["Class"])
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        ```
    """
    seen: set[object] = set()
    for split in pipeline.splits:
        for fit in split.carries:
            if fit.learns != "resampling" or fit.place in seen or fit.rows.role == "test":
                continue
            seen.add(fit.place)
            yield Finding(
                fit.place,
                f"{fit.transformer} copies or mixes rows before the test rows are split off",
                "split first, and resample the training rows only",
                trail=(Step(split.place, "held-out rows are split off here"),),
            )
