"""XC105: an embedding with fewer rows than the data have codes."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Intake
from nnlint.finding import Finding
from nnlint_checks.cross.joined import extremes, profiles


@check("XC105", level=ERROR)
def vocabulary(intake: Intake, data: Dataset) -> Iterator[Finding]:
    """The data hold codes for which an embedding has no row.

    Why: looking up such a code stops training with an index error (on a GPU with an assertion that names
    nothing), as soon as a batch has one.
    Source: PyTorch documentation of Embedding (indices in [0, num_embeddings)).

    Fires:
        Regions are numbered from 1 to 8, and the table has 8 rows: 0 to 7.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.region = nn.Embedding(8, 4)  # error: [XC105]
                self.head = nn.Linear(4, 1)

            def forward(self, region):
                return self.head(self.region(region)).squeeze(1)


        frame = pd.read_csv("sales.csv")
        region = torch.tensor(frame["region"].values)
        y = torch.tensor(frame["sold"].values, dtype=torch.float32)
        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(region), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        region = rng.integers(1, 9, 300)
        sold = (region % 3 + rng.normal(0, 0.5, 300)).round(3)
        frame = pd.DataFrame({"region": region, "shop": rng.integers(3, 40, 300), "sold": sold})
        frame.to_csv("sales.csv", index=False)
        ```
    Silent:
        One row more.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn


        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.region = nn.Embedding(9, 4)
                self.head = nn.Linear(4, 1)

            def forward(self, region):
                return self.head(self.region(region)).squeeze(1)


        frame = pd.read_csv("sales.csv")
        region = torch.tensor(frame["region"].values)
        y = torch.tensor(frame["sold"].values, dtype=torch.float32)
        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(region), y)
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        region = rng.integers(1, 9, 300)
        sold = (region % 3 + rng.normal(0, 0.5, 300)).round(3)
        frame = pd.DataFrame({"region": region, "shop": rng.integers(3, 40, 300), "sold": sold})
        frame.to_csv("sales.csv", index=False)
        ```
    """
    operation = intake.operation
    rows = operation.attributes.get("rows")
    if operation.kind != "embedding" or not isinstance(rows, int):
        return
    for column in profiles(data, intake.taken) or ():
        reason = _beyond(intake, data, column, rows)
        if reason:
            place = operation.layer.place if operation.layer else operation.place
            where = Place(data.train.paths[0], part=f"column '{column.name}'")
            yield Finding(
                place,
                f"{rows} rows, but {reason}",
                "give the embedding a row for each code, or number the codes from 0",
                (Step(where, "the codes that are looked up"),),
            )
            return


def _beyond(intake: Intake, data: Dataset, column: Column, rows: int) -> str:
    """What of a column has no row, "" when all have, or when that is not known."""
    if intake.taken.coded:
        many = intake.taken.single and column.distinct is not None and column.distinct > rows
        return f"'{column.name}' has {column.distinct} values" if many else ""
    bounds = extremes(data, column.name)
    if not intake.taken.plain(column.name) or column.kind is not Kind.NUMBER or bounds is None:
        return ""
    if bounds[1] >= rows:
        return f"'{column.name}' goes up to {bounds[1]:g}"
    return f"'{column.name}' goes down to {bounds[0]:g}" if bounds[0] < 0 else ""
