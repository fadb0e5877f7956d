"""NR302: a network of many weights is trained with nothing that keeps it from memorising."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.regularization.unregularized import unregularised


@check("NR302", level=WARNING)
def missing_regularization(recipe: Recipe, *, parameters: int = 100_000) -> Iterator[Finding]:
    """A large network trains without dropout, decay, norm, augmentation, penalty or early stopping.

    Why: a network of that size can learn its training set by heart. With nothing that speaks against it, that
    is what it does, and the test error grows while the training error falls.
    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", chapter 7; Zhang et al. 2017,
    "Understanding deep learning requires rethinking generalization".

    Options: parameters: networks with fewer trained weights than this (100 000) are left alone.

    Fires:
        Half a million weights, plain Adam, twenty epochs.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2, self.fc3 = nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 10)

            def forward(self, x):
                return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())

        def train(loader):
            model = Net()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # warning: [NR302]
            for epoch in range(20):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        Weight decay.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=5e-4)
            for epoch in range(20):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        A penalty on the weights, written by hand.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for epoch in range(20):
                for x, y in loader:
                    optimizer.zero_grad()
                    penalty = sum(p.abs().sum() for p in model.parameters())
                    (nn.functional.cross_entropy(model(x), y) + 1e-5 * penalty).backward()
                    optimizer.step()
        ```
        One pass over the data: nothing is seen twice.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    for optimizer, network, count in unregularised(recipe):
        if count >= parameters:
            yield _finding(optimizer, network, count)


def _finding(optimizer: Optimizer, network: Network, count: int) -> Finding:
    return Finding(
        optimizer.place,
        f"{count:,} weights train without dropout, weight decay, norm, augmentation or early stopping",
        "add weight_decay=1e-4 to the optimiser, or Dropout between the layers",
        trail=(Step(network.place, f"{network.name} has {count:,} weights and neither dropout nor norm"),),
        subject=("regularization", optimizer.place),
    )
