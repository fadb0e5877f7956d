"""TL519: one batch norm stands at two places of a network."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family


@check("TL519", level=WARNING)
def shared_norm_layer(network: Network) -> Iterator[Finding]:
    """The same BatchNorm layer normalises two different values, one behind the other.

    Why: a batch norm keeps one running mean and variance. Fed from two depths in turn, they fit neither:
    training normalises by the batch and looks fine, evaluation uses the mixture and fails.
    Source: Ioffe & Szegedy 2015; PyTorch documentation of BatchNorm2d (running estimates).

    Fires:
        One layer behind two convolutions.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(3, 32, 3)
                self.conv2 = nn.Conv2d(32, 32, 3)
                self.norm = nn.BatchNorm2d(32)
                self.fc = nn.Linear(32, 10)

            def forward(self, x):
                x = self.norm(self.conv1(x)).relu()
                x = self.norm(self.conv2(x)).relu()  # warning: [TL519]
                return self.fc(x.mean((2, 3)))
        ```
    Silent:
        Two images go through the same branch: the same statistics.
        ```python
        from torch import nn

        class Siamese(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 32, 3)
                self.norm = nn.BatchNorm2d(32)
                self.fc = nn.Linear(32, 10)

            def forward(self, first, second):
                a = self.norm(self.conv(first)).relu()
                b = self.norm(self.conv(second)).relu()
                return self.fc((a - b).abs().mean((2, 3)))
        ```
        A block that is run three times, and a layer norm, which keeps no statistics.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Linear(20, 64)
                self.block = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU())
                self.norm = nn.LayerNorm(64)
                self.out = nn.Linear(64, 3)

            def forward(self, x):
                x = self.norm(self.stem(x)).relu()
                for _ in range(3):
                    x = self.block(x)
                return self.out(self.norm(x))
        ```
    """
    first: dict[int, Operation] = {}
    for operation in network.operations:
        if operation.kind != "batch_norm" or operation.layer is None or not operation.proven:
            continue
        before = first.setdefault(id(operation.layer), operation)
        if before is operation or not _behind(operation, before):
            continue
        if before.place == operation.place and _source(operation) is _source(before):
            continue  # a block that is run again
        name = operation.layer.name or operation.layer.api.rpartition(".")[2]
        yield Finding(
            operation.place,
            f"batch norm {name} normalises a second value, with statistics of its own",
            "give each place a BatchNorm of its own",
            trail=(Step(before.place, f"{name} normalises this value first"),),
        )


def _source(operation: Operation) -> object:
    """The nearest layer with weights that gives what is normalised."""
    weighted = (o for o in operation.inputs[0].ancestors() if family(o) is Family.WEIGHTED)
    return next((o.layer for o in weighted), None)


def _behind(operation: Operation, before: Operation) -> bool:
    """Another weighted layer lies between the two."""
    between = False
    for ancestor in operation.inputs[0].ancestors():
        if ancestor is before:
            return between
        between = between or family(ancestor) is Family.WEIGHTED
    return False
