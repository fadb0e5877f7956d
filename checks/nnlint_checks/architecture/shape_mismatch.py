"""AR601: sizes that cannot meet."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.pattern import pattern
from nnlint.repair import Repair, SetArgument
from nnlint_checks.architecture.meeting import first_conflict, shortened, trail

MEETING = pattern(r"(\w+=.+?), got (.+)")
NUMBERS = pattern(r"(?P<name>\w+)=(?P<declared>\d+), got (?P<got>\d+)( |$)")
POSITION = {"in_features": 0, "in_channels": 0, "num_features": 0, "input_size": 0, "num_channels": 1}
"""Sizes that layers declare of their input -> where constructors take them."""


@check("AR601", level=ERROR, fix=SAFE)
def shape_mismatch(network: Network) -> Iterator[Finding]:
    """Sizes or numbers of axes meet that cannot.

    Why: the program raises an error at this operation as soon as it gets there.
    Source: the documentation of each layer; sizes are carried through the network from those declared.

    Fires:
        A layer was made wider, the one after it was not.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=128):
                super().__init__()
                self.fc1 = nn.Linear(20, width)
                self.fc2 = nn.Linear(64, 5)

            def forward(self, x):
                x = torch.relu(self.fc1(x))
                return self.fc2(x)  # error: [AR601]

        Net()(torch.randn(8, 20))
        ```
        ```diff
        -        self.fc2 = nn.Linear(64, 5)
        +        self.fc2 = nn.Linear(128, 5)
        ```
        Channels of two convolutions in a Sequential.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),  # error: [AR601]
        )

        def run(x):
            return model(x)
        ```
        ```diff
        -    nn.Conv2d(32, 64, 3),
        +    nn.Conv2d(16, 64, 3),
        ```
    Silent:
        Sizes that fit by arithmetic: the halves of a split, glued to the skip.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.fc1 = nn.Linear(20, width)
                self.fc2 = nn.Linear(width // 2 + 20, 5)

            def forward(self, x):
                left, right = self.fc1(x).chunk(2, dim=-1)
                return self.fc2(torch.cat([left * right.sigmoid(), x], dim=-1))

        Net()(torch.randn(8, 20))
        ```
        Sizes that the program takes from its input.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, features):
                super().__init__()
                self.fc = nn.Linear(features, 5)

            def forward(self, x):
                return self.fc(x.flatten(1))

        def run(images):
            return Net(images[0].numel())(images)
        ```
    """
    for operation in network.operations:
        if first_conflict(operation):
            yield Finding(
                home(Tensor(operation)),
                _message(operation),
                "change one of the two sizes so that they agree",
                tuple(trail(operation)),
                repairs=_repairs(operation),
            )


def _repairs(operation: Operation) -> tuple[Repair, ...]:
    """The layer takes what it gets, where its size is written as a number."""
    numbers = NUMBERS.match(operation.conflict)
    if operation.layer is None or numbers is None or numbers["name"] not in POSITION:
        return ()
    name, place = numbers["name"], operation.layer.place
    change = SetArgument(place, name, (numbers["got"],), POSITION[name], expected=(numbers["declared"],))
    return (Repair((change,)),)


def _message(operation: Operation) -> str:
    """``Linear(in_features=512) gets 256 in (N, 256)``."""
    name = api(operation)
    meeting = MEETING.fullmatch(operation.conflict)
    text = f"{name}({meeting[1]}) gets {meeting[2]}" if meeting else f"{name}: {operation.conflict}"
    return shortened(text)
