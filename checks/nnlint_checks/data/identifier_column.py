"""DS309: a column that names the rows is taken as a feature."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind, spelled
from nnlint.evidence.source import Pipeline
from nnlint.evidence.target import ID_WORDS, words
from nnlint.finding import Finding, Table
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.comparison import CALENDAR
from nnlint_checks.data.values import EXCERPT_ROWS, about, flat, texts

UNIQUE = 0.999
"""Part of the values that differ; estimates of the number of distinct values may be this much too low."""

HASH = pattern(r"^[0-9a-fA-F]{8,}$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
SERIAL = pattern(r"^[A-Za-z]{0,6}[-_#/. ]?\d[\dA-Za-z]*([-_/. ]\d[\dA-Za-z]*)*$")
ADDRESS = pattern(r"^[\w.+-]+@[\w-]+\.[\w.-]+$")
ORDER = frozenset({"time", "step", "t", "frame", "position", "pos", "rank", "order", "epoch", "cycle", "x"})
"""Names of columns that run on with what is measured."""


@check("DS309", level=WARNING, over=("DS313", "DS315"))
def identifier_column(data: Dataset, code: Pipeline | None) -> Iterator[Finding]:
    """A column that is different in every row and only names it is among the features.

    Why: a number of a customer or a hash tells nothing of new rows; a network learns the training rows by it,
    and where the numbers follow the order of collection it predicts the target from that order. Of a table
    that is linted without the program that reads it, a column that is named as an identifier is a hint.
    Source: Kaufman et al., "Leakage in Data Mining", TKDD 2012; cleanlab, "identifier column".

    Fires:
        The program takes the number of the customer for a feature.
        ```python generate
        # expect train.csv  warning: [DS309]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"customer_id": rng.permutation(4000)[:400], "age": rng.normal(0, 1, 400)})
        frame["size"] = rng.normal(0, 1, 400)
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
        ```python
        import pandas as pd
        import torch
        from sklearn.preprocessing import StandardScaler
        from torch import nn

        frame = pd.read_csv("train.csv")
        scaled = StandardScaler().fit_transform(frame.drop(columns=["label"]))
        x = torch.tensor(scaled, dtype=torch.float32)
        y = torch.tensor(frame["label"].values)
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        criterion = nn.CrossEntropyLoss()
        for _ in range(100):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        A hash.
        ```python generate
        # expect train.csv  warning: [DS309]
        import hashlib

        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        names = [hashlib.md5(str(i).encode()).hexdigest() for i in range(400)]
        frame = pd.DataFrame({"ref": names, "age": rng.normal(40, 9, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Named for what it is, in a table that is linted without the program that reads it.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"customer_id": rng.permutation(4000)[:400], "age": rng.normal(40, 9, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
        The program drops it.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"customer_id": rng.permutation(4000)[:400], "age": rng.normal(0, 1, 400)})
        frame["size"] = rng.normal(0, 1, 400)
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
        ```python
        import pandas as pd
        import torch
        from torch import nn

        frame = pd.read_csv("train.csv")
        x = torch.tensor(frame.drop(columns=["customer_id", "label"]).values, dtype=torch.float32)
        y = torch.tensor(frame["label"].values)
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        criterion = nn.CrossEntropyLoss()
        for _ in range(100):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        Each measurement differs from all others, and so do the times.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"time": np.arange(400), "amount": rng.permutation(90000)[:400]})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data) or data.train.rows <= EXCERPT_ROWS or data.format != "table":
        return
    candidates = [c for c in data.train.columns if _unique(c) and _names_rows(data, c)]
    # A program whose features are not understood may well drop the column.
    used = data.features if code is not None else tuple(c.name for c in candidates)
    understood = code is None or code.features is not None
    target = data.target.column if data.target else None
    for column in candidates if understood else ():
        if column.name in used and column.name != target:
            yield about(
                data,
                data.train,
                column.name,
                f"'{column.name[:40] or 'first column'}' names the rows: {column.rows:,} different values",
                "drop the column before training",
                Table(("values",), tuple((value,) for value in _first(data, column))),
                level=HINT if code is None and column.name in data.identifiers else None,
                together="name the rows",
            )


def _unique(column: Column) -> bool:
    there = column.rows - column.missing
    distinct = there if column.distinct is None and column.kind is Kind.TEXT else column.distinct or 0
    return there > EXCERPT_ROWS and column.missing < 0.05 * column.rows and distinct >= UNIQUE * there


def _first(data: Dataset, column: Column) -> list[str]:
    frame = data.sample(data.train.role)
    values = frame[column.name].head(4) if frame is not None and column.name in frame else ()
    return [spelled(value) for value in values]


def _names_rows(data: Dataset, column: Column) -> bool:
    """Whether a column of different values is a number of the row, a hash or a serial."""
    said = words(column.name)
    if column.kind is Kind.NUMBER:
        runs = bool({*said} & (ORDER | CALENDAR))
        return column.integral and column.name in data.identifiers and (bool(ID_WORDS & {*said}) or not runs)
    if column.kind is not Kind.TEXT:
        return False
    if {*said} & (CALENDAR | {"time"}):
        return False  # a date in a form that is not read as one
    values = texts(data, data.train, column)
    if values is None or values.nunique() < len(values):
        return False
    if ID_WORDS & {*said}:
        return not bool(values.str.contains(r"\s\S+\s").mean() > 0.5)
    return any(bool(values.str.match(compiled(form)).all()) for form in (HASH, SERIAL, ADDRESS))
