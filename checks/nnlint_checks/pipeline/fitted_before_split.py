"""DP701: statistics over all rows are in the data before test rows are split off."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Fit, Pipeline, Rows, SplitUse
from nnlint.finding import Finding

HARMLESS = frozenset({"codes", "resampling"})
"""What numbers labels learns nothing about features; rows made of others are judged by DP708."""

HELD_OUT = frozenset({"train", "validation", "test"})
"""Rows that are one side of a split already: what is fitted on them is judged by DP702."""
STATISTICS = {
    "std": "standard deviation",
    "var": "variance",
    "min": "minimum",
    "max": "maximum",
    "ptp": "range",
    "mad": "absolute deviation",
    "reduce": "statistic",
}


@check("DP701", level=ERROR)
def fitted_before_split(pipeline: Pipeline) -> Iterator[Finding]:
    """A scaler, encoder, imputer or other statistic learns from all rows, which are split afterwards.

    Why: the training data then carry what was learned from the test rows, so the test result is better than
    it will be on new data; with selectors and decompositions by a lot.
    Source: scikit-learn, "Common pitfalls and recommended practices", 12.2 Data leakage; Kaufman et al.,
    "Leakage in data mining", 2012.

    Fires:
        The scaler sees the test rows.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        df = pd.read_csv("cells.csv")
        X = df.drop(columns=["diagnosis"])
        y = df["diagnosis"]
        X = StandardScaler().fit_transform(X)  # error: [DP701]
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
        ```
        By hand, and split by position.
        ```python
        import numpy as np
        import torch

        data = np.loadtxt("sensors.csv", delimiter=",")
        X, y = data[:, :-1], data[:, -1]
        X = (X - X.mean(axis=0)) / X.std(axis=0)  # error: [DP701]
        n = int(0.8 * len(X))
        X_train, X_test = torch.tensor(X[:n]), torch.tensor(X[n:])
        ```
        Features are chosen with the labels of all rows.
        ```python
        from sklearn.datasets import load_breast_cancer
        from sklearn.feature_selection import SelectKBest
        from sklearn.model_selection import KFold

        X, y = load_breast_cancer(return_X_y=True)
        X = SelectKBest(k=5).fit_transform(X, y)  # error: [DP701]
        for train, test in KFold(5).split(X):
            X_train, X_test = X[train], X[test]
        ```
        Fitted on all rows, applied to the parts.
        ```python
        from sklearn.datasets import load_wine
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import MinMaxScaler

        X, y = load_wine(return_X_y=True)
        scaler = MinMaxScaler()
        scaler.fit(X)  # error: [DP701]
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
        ```
        Missing values are filled with a mean over all rows.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("houses.csv")
        df["age"] = df["age"].fillna(df["age"].mean())  # error: [DP701]
        train, test = train_test_split(df, test_size=0.2)
        ```
        A series is scaled as a whole, then cut into windows.
        ```python
        import numpy as np
        import pandas as pd
        from sklearn.preprocessing import MinMaxScaler

        prices = pd.read_csv("prices.csv")["close"].values.reshape(-1, 1)
        scaled = MinMaxScaler().fit_transform(prices)  # error: [DP701]
        windows, following = [], []
        for i in range(len(scaled) - 30):
            windows.append(scaled[i : i + 30])
            following.append(scaled[i + 30])
        X, y = np.array(windows), np.array(following)
        n = int(0.8 * len(X))
        X_train, X_test = X[:n], X[n:]
        ```
        Tensors, standardised in the data set.
        ```python
        import pandas as pd
        import torch
        from torch.utils.data import Dataset, random_split

        class Cells(Dataset):
            def __init__(self, path):
                df = pd.read_csv(path)
                x = torch.tensor(df.drop(columns="y").values, dtype=torch.float32)
                self.x = (x - x.mean(dim=0)) / x.std(dim=0)  # error: [DP701]
                self.y = torch.tensor(df["y"].values)

            def __len__(self):
                return len(self.y)

            def __getitem__(self, index):
                return self.x[index], self.y[index]

        train, test = random_split(Cells("cells.csv"), [0.8, 0.2])
        ```
    Silent:
        Rows far from the middle are left out, and the help column is dropped again.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("houses.csv")
        df["z"] = (df["area"] - df["area"].mean()) / df["area"].std()
        df = df[df["z"].abs() < 4].drop(columns="z")
        train, test = train_test_split(df)
        ```
        Fitted on the training rows.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        df = pd.read_csv("cells.csv")
        X_train, X_test = train_test_split(df.drop(columns=["diagnosis"]), test_size=0.2)
        scaler = StandardScaler()
        X_train = scaler.fit_transform(X_train)
        X_test = scaler.transform(X_test)
        ```
        Labels are numbered, fixed constants divide, ids become codes.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import LabelEncoder

        df = pd.read_csv("digits.csv")
        df["user"] = df["user"].astype("category").cat.codes
        df["label"] = LabelEncoder().fit_transform(df["label"])
        X, y = df.drop("label", axis=1).values / 255.0, df["label"].values
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        ```
        A Pipeline is fitted anew in each fold.
        ```python
        from sklearn.datasets import load_wine
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        X, y = load_wine(return_X_y=True)
        print(cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, y).mean())
        ```
        The regression target alone is standardised over all rows.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split

        df = pd.read_csv("houses.csv")
        X, y = df.drop(columns="price"), df["price"]
        y = (y - y.mean()) / y.std()
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        ```
        The final model is fitted on all rows, after the split and apart from it.
        ```python
        from sklearn.datasets import load_wine
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        X, y = load_wine(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        scaler = StandardScaler().fit(X_train)
        X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
        final = StandardScaler().fit(X)
        everything = final.transform(X)
        ```
        There is a test file of its own; part of the training rows serves as validation.
        ```python
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        scaler = StandardScaler()
        X = scaler.fit_transform(train.drop(columns="y"))
        X_test = scaler.transform(test.drop(columns="y"))
        X_train, X_val, y_train, y_val = train_test_split(X, train["y"])
        ```
    """
    seen: set[object] = set()
    for split in pipeline.splits:
        for fit in split.carries:
            group = ("statistic", fit.rows.key) if fit.learns == "statistic" else fit.key
            if group in seen or not _leaks(fit, split, pipeline):
                continue
            seen.add(group)
            yield Finding(
                fit.place,
                _message(fit, split),
                "split first, then fit on the training rows and only apply to the others",
                trail=(Step(split.place, f"{_api(split)}: held-out rows are split off here"),),
            )


def _leaks(fit: Fit, split: SplitUse, pipeline: Pipeline) -> bool:
    if fit.learns in HARMLESS or not _over(fit.rows, split.rows):
        return False
    if fit.rows.role not in HELD_OUT:
        return True
    # A file called train.csv that is the only one holds all the rows there are.
    only = len({path for path, _ in pipeline.reads}) == 1
    return fit.rows.role == "train" and fit.rows.parent is None and bool(fit.rows.source) and only


def _over(fitted: Rows, split: Rows) -> bool:
    """Whether the rows that are split are among those that were fitted on."""
    rows: Rows | None = split
    while rows is not None and rows.key != fitted.key:
        rows = rows.parent
    return rows is not None


def _message(fit: Fit, split: SplitUse) -> str:
    if fit.learns != "statistic":
        return f"{fit.transformer} is fitted on all rows before they are split"
    name = STATISTICS.get(fit.transformer, fit.transformer)
    held = {part.role for part in split.parts if part.role in HELD_OUT and part.role != "train"}
    rows = held.pop() if len(held) == 1 else "held-out"
    return f"the {name} is taken over all rows, so {rows} rows leak into the training features"


def _api(split: SplitUse) -> str:
    return split.api if split.api not in ("fold", "rows picked") else "split"
