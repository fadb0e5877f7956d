"""HC101: linear layers as wide as the house's accelerators do not like them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network

GRID = 8
"""Tensor cores take matrices by multiples of 8 in half precision (source: below)."""


@check("HC101", level=WARNING)
def width_off_the_grid(network: Network, *, grid: int = GRID) -> Iterator[Finding]:
    """A hidden layer has a width that is no multiple of what the hardware computes at once.

    Why: the matrix is padded up to the next multiple, so the layer costs as much as the wider one.
    Source: NVIDIA, Matrix Multiplication Background User's Guide, "Requirements to Use Tensor Cores".

    Options: grid: the number that widths have to be a multiple of (8).

    Fires:
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(64, 250)
                self.head = nn.Linear(250, 10)

            def forward(self, x):
                x = self.hidden(x)  # warning: [HC101]
                return self.head(nn.functional.relu(x))
        ```
    Silent:
        Ten outputs for ten classes: the last width is not a matter of choice.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(64, 256)
                self.head = nn.Linear(256, 10)

            def forward(self, x):
                x = self.hidden(x)
                return self.head(nn.functional.relu(x))
        ```
    """
    last = [tensor.operation for tensor in network.outputs]
    for operation in network.operations:
        width = operation.attributes.get("out_features")
        if operation.kind == "linear" and operation not in last and isinstance(width, int) and width % grid:
            yield Finding(
                operation.place,
                f"linear layer of width {width}, no multiple of {grid}",
                f"make it {width + grid - width % grid} wide",
            )
