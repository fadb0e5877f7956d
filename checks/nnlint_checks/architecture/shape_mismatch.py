"""AR601: sizes that cannot meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint_checks.architecture.meeting import first_conflict, shortened, trail

MEETING = re.compile(r"(\w+=.+?), got (.+)")


@check("AR601", level=ERROR)
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
            )


def _message(operation: Operation) -> str:
    """``Linear(in_features=512) gets 256 in (N, 256)``."""
    name = api(operation)
    meeting = MEETING.fullmatch(operation.conflict)
    text = f"{name}({meeting[1]}) gets {meeting[2]}" if meeting else f"{name}: {operation.conflict}"
    return shortened(text)
