"""DP716: the column to be predicted is one of the features."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.source import Pipeline, Rows
from nnlint.finding import Finding


@check("DP716", level=ERROR)
def target_among_features(pipeline: Pipeline) -> Iterator[Finding]:
    """The target was never taken out of the table that the features are.

    Why: the model copies the answer. Test figures are perfect, and new data, which have no such column,
    cannot be predicted at all.
    Source: Kaufman et al. 2012, "Leakage in data mining".

    Fires:
        The whole table is the features.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("churn.csv")
        X = df.drop(columns=["customer"])
        y = df["churn"]
        X_train, X_test, y_train, y_test = train_test_split(X, y)  # error: [DP716]
        ```
    Silent:
        It is dropped, popped, or not among the columns that are picked.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("churn.csv")
        train_test_split(df.drop(columns="churn"), df["churn"])
        train_test_split(df[["age", "income"]], df["churn"])
        train_test_split(df.iloc[:, :-1], df["churn"])
        train_test_split(df, df["churn"].shift(-1))
        y = df.pop("churn")
        train_test_split(df, y)
        ```
        The table is split along with the labels, and divided into columns later.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("churn.csv")
        train, test, y_train, y_test = train_test_split(df, df["churn"], stratify=df["churn"])
        X_train, X_test = train.drop(columns="churn"), test.drop(columns="churn")
        ```
    """
    seen: set[tuple[int, str]] = set()
    for pair in pipeline.pairs:
        if (
            not pair.target
            or pair.columns is None
            or (_root(pair.features).key, pair.target) in seen
            or _root(pair.features).key != _root(pair.labels).key
        ):
            continue
        if pair.columns.holds(pair.target) is True and pair.target not in pipeline.left_out:
            seen.add((_root(pair.features).key, pair.target))
            yield Finding(
                pair.place,
                f"the features still hold the target column {pair.target!r}",
                f"drop {pair.target!r} from the features",
            )


def _root(rows: Rows) -> Rows:
    while rows.parent is not None:
        rows = rows.parent
    return rows
