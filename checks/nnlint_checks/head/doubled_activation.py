"""HL111: two activations in a row."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import SAFE, WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.network.lookback import api, home
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.stacked_activations import Pair, operations_of, pairs, subject


@check("HL111", level=WARNING, fix=SAFE)
def doubled_activation(network: Network, recipe: Recipe | None) -> Iterator[Finding]:
    """Two activations follow one another with no weights in between.

    Why: the second changes nothing, and a layer is missing or was meant to be another; or it spoils what
    the first gave: a softmax of probabilities is nearly uniform, a sigmoid of values that are never negative
    stays at 0.5 or above, and the slopes of both are multiplied into the gradient.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.3 (an activation follows an affine
    map).

    Fires:
        ReLU in the block and again after it.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.conv = nn.Conv2d(width, width, 3, padding=1)
                self.norm = nn.BatchNorm2d(width)

            def forward(self, x):
                return torch.relu(self.norm(self.conv(x)))

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block(3)
                self.out = nn.Conv2d(3, 1, 1)

            def forward(self, x):
                x = torch.relu(self.block(x))  # warning: [HL111]
                return self.out(x)
        ```
        ```diff
        -        x = torch.relu(self.block(x))
        +        x = self.block(x)
        ```
        A gate that is never closed.
        ```python
        import torch
        from torch import nn

        class Gate(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.gate = nn.Sequential(
                    nn.Linear(width, width),
                    nn.ReLU(),
                    nn.Sigmoid(),  # warning: [HL111]
                )

            def forward(self, x):
                return x * self.gate(x)
        ```
        Probabilities from the model, and softmax again where they are used.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5), nn.Softmax(dim=-1))

        @torch.no_grad()
        def predict(x):
            return torch.softmax(model(x), dim=-1)  # warning: [HL111]
        ```
        ```diff
        -    return torch.softmax(model(x), dim=-1)
        +    return model(x)
        ```
    Silent:
        Gated units multiply two branches; the norm between two activations has weights.
        ```python
        import torch
        from torch import nn

        class Gated(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.value, self.gate = nn.Linear(width, width), nn.Linear(width, width)
                self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, 1)

            def forward(self, x):
                x = torch.tanh(self.value(x)) * torch.sigmoid(self.gate(x))
                x = torch.relu(self.norm(torch.relu(x)))
                return self.out(x)
        ```
        Blocks that start with an activation: only for the first of them is it done already.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.stem = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU())
                self.blocks = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in range(4)])

            def forward(self, x):
                x = self.stem(x)
                for block in self.blocks:
                    x = x + block(torch.relu(x))
                return x
        ```
        A sum of two branches is rectified: what comes in may be negative.
        ```python
        import torch
        from torch import nn

        class Residual(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)

            def forward(self, x):
                return torch.relu(torch.relu(x) + self.two(torch.relu(self.one(x))))
        ```
    """
    for pair in pairs(operations_of(network, recipe)):
        yield Finding(
            home(pair.second),
            _message(pair),
            _repair(pair),
            (Step(home(pair.first), f"the first one, {api(pair.first.operation)}"),),
            subject=subject(pair.first),
            repairs=left_out(pair.second) if pair.useless or _repeated(pair) else (),
        )


def _repeated(pair: Pair) -> bool:
    return pair.first.operation.kind == pair.second.operation.kind


def _message(pair: Pair) -> str:
    first, second = api(pair.first.operation), api(pair.second.operation)
    if pair.useless:
        return f"{second} right after {first} changes nothing"
    if pair.first.operation.kind in ("relu", "relu6"):
        return f"{second} right after {first}: its input is never negative, its output never below 0.5"
    return f"{second} right after {first} spoils what {first} gives"


def _repair(pair: Pair) -> str:
    first, second = api(pair.first.operation), api(pair.second.operation)
    if pair.useless:
        return f"leave out {second}, or put the layer that is missing between the two"
    return f"leave out {first}, or put the layer that is missing between the two"
