"""DP710: categories get their numbers separately in training and test rows."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Fit, Pipeline
from nnlint.finding import Finding

HELD_OUT = ("validation", "test")
NUMBERING = frozenset({"codes", "dummies"})


@check("DP710", level=ERROR)
def encoders_differ(pipeline: Pipeline) -> Iterator[Finding]:
    """Labels or categories are encoded by one fit on the training rows and by another one on held-out rows.

    Why: the numbers follow the values that are there, in order. Where a value is missing in one part, all
    that come after it mean something else there; dummy columns do not match at all.
    Source: scikit-learn, "Common pitfalls and recommended practices", 12.1 Inconsistent preprocessing.

    Fires:
        Fitted twice.
        ```python
        import pandas as pd
        from sklearn.preprocessing import LabelEncoder

        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        encoder = LabelEncoder()
        train["city"] = encoder.fit_transform(train["city"])
        test["city"] = encoder.fit_transform(test["city"])  # error: [DP710]
        ```
        Dummies of each part.
        ```python
        import pandas as pd
        from sklearn.neural_network import MLPClassifier

        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        train, test = pd.get_dummies(train), pd.get_dummies(test)  # error: [DP710]
        model = MLPClassifier().fit(train.drop(columns="y"), train["y"])
        ```
    Silent:
        The numbers of the training rows are used for both; dummies are brought to the same columns.
        ```python
        import pandas as pd
        from sklearn.preprocessing import LabelEncoder

        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        encoder = LabelEncoder()
        train["city"] = encoder.fit_transform(train["city"])
        test["city"] = encoder.transform(test["city"])
        train, test = pd.get_dummies(train), pd.get_dummies(test)
        train, test = train.align(test, join="left", axis=1, fill_value=0)
        ```
    """
    seen: set[object] = set()
    for number, fit in enumerate(pipeline.fits):
        if fit.learns not in NUMBERING or fit.rows.role not in HELD_OUT or fit.place in seen:
            continue
        first = _on_training_rows(fit, pipeline.fits[:number])
        if first is not None:
            seen.add(fit.place)
            yield _finding(fit, first)


def _on_training_rows(fit: Fit, before: tuple[Fit, ...]) -> Fit | None:
    same = [f for f in before if f.learns == fit.learns and f.transformer == fit.transformer]
    return next((f for f in same if f.rows.role == "train" and f.rows.key != fit.rows.key), None)


def _finding(fit: Fit, first: Fit) -> Finding:
    return Finding(
        fit.place,
        f"{fit.transformer} numbers {fit.rows.role} rows by themselves: the codes differ from training",
        "fit on the training rows, and only transform the others"
        if fit.learns == "codes"
        else "reindex the columns to those of the training rows",
        trail=(Step(first.place, "the training rows are encoded here"),),
    )
