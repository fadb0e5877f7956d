"""TL533: what a call gives is thrown away, and it does nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import Dropped
from nnlint.finding import Finding

WHAT = {"tensor": "a new tensor", "table": "a new table", "array": "a new array"}


@check("TL533", level=ERROR)
def result_discarded(dropped: Dropped) -> Iterator[Finding]:
    """The result of a call without side effects is dropped.

    Why: tensors, arrays and tables are not changed by most of their methods: ``x.to(device)``,
    ``F.relu(x)``, ``x.clamp(0, 1)`` and ``df.dropna()`` give a new object. Without an assignment the program
    goes on with what it had: on the wrong device, without the activation, with the missing values.
    Source: PyTorch documentation of Tensor.to; pandas documentation of DataFrame.drop.

    Fires:
        The activation is computed and thrown away.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3)
                self.drop = nn.Dropout(0.5)
                self.fc = nn.Linear(8, 10)

            def forward(self, x):
                x = self.conv(x)
                F.relu(x)  # error: [TL533]
                x = x.mean((2, 3))
                self.drop(x)  # error: [TL533]
                return self.fc(x)
        ```
        The batch is not moved.
        ```python
        import torch
        from torch import nn

        def train(train_loader, device):
            model = nn.Linear(20, 3).to(device)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x, y in train_loader:
                x.to(device)  # error: [TL533]
                y = y.to(device)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Rows with missing values stay.
        ```python
        import pandas as pd
        import torch

        def load():
            table = pd.read_csv("houses.csv")
            table.dropna()  # error: [TL533]
            return torch.tensor(table.drop(columns=["price"]).values), torch.tensor(table["price"].values)
        ```
        Weights are read, and the network keeps those of its initialisation.
        ```python
        import torch
        from torch import nn

        def load(path):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            checkpoint = torch.load(path, weights_only=True)  # error: [TL533]
            model.eval()
            return model
        ```
        What the shortcut gave is never added.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.conv = nn.Conv2d(width, width, 3, padding=1)
                self.shortcut = nn.Conv2d(width, width, 1)

            def forward(self, x):
                out = self.conv(x)
                shortcut = self.shortcut(x)  # error: [TL533]
                return torch.relu(out)
        ```
        The second layer starts from the input again.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(8, 8), nn.Linear(8, 8)
                self.out = nn.Linear(8, 2)

            def forward(self, x):
                h = torch.relu(self.fc1(x))  # error: [TL533]
                h = torch.relu(self.fc2(x))
                return self.out(h)
        ```
    Silent:
        A name that is read in one branch only, and a value that is thrown away by name.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.GRU(8, 8, batch_first=True)
                self.aux, self.out = nn.Linear(8, 2), nn.Linear(8, 2)

            def forward(self, x):
                states, last = self.rnn(x)
                aux = self.aux(states)
                _ = self.aux(states)
                if self.training:
                    return self.out(states), aux
                return self.out(states)
        ```
        A batch that is no tensor but a mapping of them moves in place.
        ```python
        import torch

        def evaluate(model, eval_loader, device):
            model.eval()
            found = []
            with torch.no_grad():
                for step, batch in enumerate(eval_loader):
                    batch.to(device)
                    found.append(model(**batch).logits.argmax(-1))
            return found
        ```
        Modules are moved in place, and so is what ends in an underscore.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)
                self.act = nn.ReLU(inplace=True)

            def forward(self, x):
                x = self.fc(x)
                self.act(x)
                x.clamp_(0, 1)
                return x

        def main(device, x):
            model = Net()
            model.to(device)
            with torch.no_grad():
                model(x)
            return model
        ```
        Statistics of a norm are updated by running it.
        ```python
        import torch
        from torch import nn

        class Calibrated(nn.Module):
            def __init__(self):
                super().__init__()
                self.norm = nn.BatchNorm1d(4)

            def forward(self, x):
                self.norm(x)
                return x
        ```
    """
    if dropped.kind == "weights":
        message = f"{dropped.written}() gives weights, and no model gets them"
        yield Finding(dropped.place, message, "call model.load_state_dict(...) with what was loaded")
        return
    if dropped.name:
        yield Finding(
            dropped.place,
            f"nothing reads {dropped.name}: what {dropped.written}() gives is lost",
            f"use {dropped.name} where it is meant to go in, or leave the layer out",
        )
        return
    about = f": {dropped.about} stays as it was" if dropped.about else ""
    keep = dropped.about or "result"
    yield Finding(
        dropped.place,
        f"{dropped.written}() gives {WHAT[dropped.kind]} that is thrown away{about}",
        f"assign the result: {keep} = {dropped.written}(...)",
    )
