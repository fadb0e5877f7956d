"""DP702: a transformer is fitted on test or validation rows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.source import Fit, Pipeline
from nnlint.finding import Finding
from nnlint.repair import Part, Repair, Replace

JUDGED = frozenset({"scaler", "encoder", "imputer", "selector", "decomposition"})
"""Kinds of fits; label codes and figures taken by hand (of predictions, of targets) are not among them."""

ALONE = frozenset({"scaler", "imputer", "selector", "encoder"})
"""A decomposition of test rows alone can be a picture of them; it is judged beside one of training rows."""

HELD_OUT = ("validation", "test")


@check("DP702", level=ERROR, fix=SAFE)
def fitted_on_test(pipeline: Pipeline) -> Iterator[Finding]:
    """``fit`` or ``fit_transform`` is called on test or validation rows.

    Why: the test rows are then brought to a scale of their own: the same measurement gets another value than
    in training, and what the model scores says nothing about new data, which come one by one.
    Source: scikit-learn, "Common pitfalls and recommended practices", 12.1 Inconsistent preprocessing.

    Fires:
        Fitted twice.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        df = pd.read_csv("cells.csv")
        X_train, X_test = train_test_split(df.drop(columns=["diagnosis"]))
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        X_test = scaler.fit_transform(X_test)  # error: [DP702]
        ```
        ```diff
        -X_test = scaler.fit_transform(X_test)
        +X_test = scaler.transform(X_test)
        ```
        A scaler of its own for a file of test rows.
        ```python
        import pandas as pd
        from sklearn.preprocessing import MinMaxScaler

        train, test = pd.read_csv("data/train.csv"), pd.read_csv("data/test.csv")
        a = MinMaxScaler().fit_transform(train)
        b = MinMaxScaler().fit_transform(test)  # error: [DP702]
        ```
        The name of a parameter says what it is.
        ```python
        from sklearn.decomposition import PCA

        def reduce(X_train, X_val):
            pca = PCA(n_components=20)
            return pca.fit_transform(X_train), pca.fit_transform(X_val)  # error: [DP702]
        ```
        ```diff
        -    return pca.fit_transform(X_train), pca.fit_transform(X_val)
        +    return pca.fit_transform(X_train), pca.transform(X_val)
        ```
    Silent:
        The test rows are only transformed.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        df = pd.read_csv("cells.csv")
        X_train, X_test = train_test_split(df.drop(columns=["diagnosis"]))
        scaler = StandardScaler().fit(X_train)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
        ```
        The test rows are drawn, the labels numbered, the score computed.
        ```python
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import LabelEncoder

        def report(X_test, y_test, predicted):
            points = PCA(n_components=2).fit_transform(X_test)
            codes = LabelEncoder().fit_transform(y_test)
            return points, codes, ((y_test - predicted) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()
        ```
        Each row is scaled by itself.
        ```python
        from sklearn.preprocessing import Normalizer

        def prepare(X_train, X_test):
            normalizer = Normalizer()
            return normalizer.fit_transform(X_train), normalizer.fit_transform(X_test)
        ```
    """
    for fit in pipeline.fits:
        if _wrong(fit, pipeline):
            yield Finding(
                fit.place,
                f"{fit.transformer} is fitted on {fit.rows.role} rows",
                "fit on the training rows only, and call transform here",
                repairs=_repairs(fit, pipeline),
            )


def _repairs(fit: Fit, pipeline: Pipeline) -> tuple[Repair, ...]:
    """The object that learned from training rows only transforms."""
    before = pipeline.fits[: pipeline.fits.index(fit)]
    if not fit.owner or not any(f.owner == fit.owner and f.rows.role == "train" for f in before):
        return ()
    return (Repair((Replace(fit.place, ("transform",), Part.METHOD, expected=("fit_transform",)),)),)


def _wrong(fit: Fit, pipeline: Pipeline) -> bool:
    labels = fit.single and fit.learns == "encoder" and not fit.transformer.endswith("Vectorizer")
    if fit.learns not in JUDGED or fit.rows.role not in HELD_OUT or labels:
        return False
    return fit.learns in ALONE or any(
        other.transformer == fit.transformer and other.rows.role == "train" for other in pipeline.fits
    )
