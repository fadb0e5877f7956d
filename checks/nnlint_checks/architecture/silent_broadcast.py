"""AR613: elementwise operations that broadcast both ways."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.shape import Shape
from nnlint.network.size import Size, Symbolic
from nnlint_checks.architecture.meeting import shortened

ELEMENTWISE = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power")
ASKING = ("unsqueeze", "expand", "transpose", "permute", "reshape", "interpolate", "pad", "roll", "repeat")
"""Moves of axes by which a program asks for a table of all pairs."""
THROUGH = (Family.ACTIVATION, Family.DROPOUT, Family.NORM, Family.ARITHMETIC, Family.MOVE)


@check("AR613", level=WARNING)
def silent_broadcast(network: Network) -> Iterator[Finding]:
    """An elementwise operation stretches both of its operands, and nothing asks for it.

    Why: (N, 1) with (N,) gives (N, N): every row meets every other one. Nothing fails, and what follows is
    computed from values that do not belong together.
    Source: NumPy and PyTorch documentation of broadcasting semantics.

    Fires:
        A column from a linear layer and a row that lost its axis.
        ```python
        import torch
        from torch import nn

        class Dueling(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Linear(12, 32)
                self.value, self.gain = nn.Linear(32, 1), nn.Linear(32, 1)

            def forward(self, x):
                x = torch.relu(self.body(x))
                gain = self.gain(x).squeeze(-1)
                return self.value(x) * gain  # warning: [AR613]

        Dueling()(torch.randn(16, 12))
        ```
        A mean without keepdim.
        ```python
        import torch
        from torch import nn

        class Centred(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(12, 1)
                self.body = nn.Linear(12, 8)

            def forward(self, x):
                level = self.body(x).mean(dim=1)
                return self.score(x) - level  # warning: [AR613]

        Centred()(torch.randn(16, 12))
        ```
    Silent:
        Pairs that are asked for, and a gate of one value a row.
        ```python
        import torch
        from torch import nn

        class Pairs(nn.Module):
            def __init__(self):
                super().__init__()
                self.left, self.right, self.gate = nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(12, 1)

            def forward(self, x):
                left, right = self.left(x), self.right(x)
                scores = left.sum(1, keepdim=True) + right.sum(1).unsqueeze(0)
                return scores @ (left * torch.sigmoid(self.gate(x)))

        Pairs()(torch.randn(16, 12))
        ```
    """
    for operation in network.operations:
        if operation.kind not in ELEMENTWISE or operation.conflict or not operation.proven:
            continue
        if len(operation.inputs) != 2:
            continue
        a, b = operation.inputs
        if _both_ways(a, b) and not any(_asked(t) for t in operation.inputs):
            yield Finding(
                home(Tensor(operation)),
                shortened(
                    f"{operation.kind} of {a.shape} and {b.shape} broadcasts: rows meet those of others"
                ),
                "give both operands the same axes with squeeze, keepdim or unsqueeze",
                tuple(
                    Step(home(t), f"{api(t.operation)} gives {t.shape}")
                    for t in operation.inputs
                    if home(t).path
                ),
            )


def _both_ways(first: Tensor, second: Tensor) -> bool:
    """Each is stretched along an axis that the other has, or rows of a batch stand above features."""
    a, b = first.shape, second.shape
    if not a.rank or not b.rank:
        return False
    rank = max(a.rank, b.rank)
    pairs = [(_size(a, n), _size(b, n)) for n in range(1, rank + 1)]
    if any(x == 1 and _many(y) for x, y in pairs) and any(_many(x) and y == 1 for x, y in pairs):
        return True
    long, short = (a, b) if a.rank > b.rank else (b, a)
    batch, features = short.axis(0), long.axis(-1)
    return short.rank == 1 < (long.rank or 0) and _is_batch(batch, long) and features not in (1, None, batch)


def _is_batch(size: Size, shape: Shape) -> bool:
    return isinstance(size, Symbolic) and size == shape.axis(0)


def _size(shape: Shape, n: int) -> Size:
    return shape.axis(-n) if n <= len(shape.sizes) else 1


def _many(size: Size) -> bool:
    return isinstance(size, Symbolic) or (isinstance(size, int) and size > 1)


def _asked(value: Tensor) -> bool:
    """On the way from the last layer an axis was moved, added or kept; or there is no such layer."""
    operation = value.operation
    while True:
        if operation.kind in ASKING or operation.attributes.get("keepdim"):
            return True
        if operation.kind == "index" and None in operation.attributes.get("index", (None,)):
            return True
        if operation.kind in ("constant", "parameter", "unknown", "compare"):
            return True
        if family(operation) not in THROUGH or not operation.inputs:
            return False
        operation = operation.inputs[0].operation
