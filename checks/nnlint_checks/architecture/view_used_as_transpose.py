"""AR604: a view or reshape that gives axes each other's sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.layouts import Sizes, named_sizes, swaps_axes, wanted_sizes
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint_checks.architecture.meeting import shortened

SHIFTING = ("concat", "pad")
"""Padded first and sliced after: the relative shift of Transformer-XL, where values are to move on."""
MOVING = ("transpose", "permute")


@check("AR604", level=ERROR)
def view_used_as_transpose(network: Network) -> Iterator[Finding]:
    """A view or reshape swaps the sizes of two axes, as only a transpose or permute does with the values.

    Why: view keeps the order of the values in memory. With the sizes of two axes exchanged the shape is as
    wanted, but features, steps and heads are scrambled; nothing fails, and the network learns from noise.
    Source: PyTorch documentation of Tensor.view and permute.

    Fires:
        Channels last by view.
        ```python
        import torch
        from torch import nn

        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 8, stride=8)
                self.out = nn.Linear(64, 10)

            def forward(self, x):
                x = self.conv(x)
                b, c, h, w = x.shape
                x = x.view(b, h * w, c)  # error: [AR604]
                return self.out(x.mean(dim=1))

        Tokens()(torch.randn(4, 3, 32, 32))
        ```
        Heads are split off by a view alone.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64, heads=8):
                super().__init__()
                self.heads, self.each = heads, width // heads
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)

            def forward(self, x):
                B, T, C = x.shape
                q = self.q(x).view(B, self.heads, T, self.each)  # error: [AR604]
                k = self.k(x).view(B, T, self.heads, self.each).transpose(1, 2)
                return (q @ k.transpose(-2, -1)).softmax(-1)

        Attention()(torch.randn(2, 10, 64))
        ```
    Silent:
        A view that splits an axis before the transpose, and one that merges neighbours.
        ```python
        import torch
        from torch import nn

        class Heads(nn.Module):
            def __init__(self):
                super().__init__()
                self.q = nn.Linear(64, 64)

            def forward(self, x):
                B, T, C = x.shape
                q = self.q(x).view(B, T, 8, C // 8).transpose(1, 2)
                return q.reshape(B * 8, T, C // 8)

        Heads()(torch.randn(2, 10, 64))
        ```
        The relative shift: a column of zeros, other rows by view, and the first row cut off.
        ```python
        import torch
        from torch import nn

        class Relative(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(16, 12)

            def forward(self, x):
                scores = self.score(x)
                b, i, j = scores.shape
                padded = torch.cat([torch.zeros(b, i, 1), scores], dim=-1)
                return padded.view(b, j + 1, i)[:, 1:].view(b, i, j)

        Relative()(torch.randn(2, 10, 16))
        ```
    """
    consumers = network.consumers()
    for operation in network.operations:
        if operation.kind == "reshape" and operation.proven and _scrambles(operation, consumers):
            x = operation.inputs[0]
            made_here = x.operation.kind == "constant" and not any(t is x for t in network.inputs)
            if x.operation.kind not in MOVING and not made_here:
                yield _finding(operation, x)


def _finding(operation: Operation, x: Tensor) -> Finding:
    name = "view" if operation.attributes.get("view") else "reshape"
    sizes = _text(wanted_sizes(operation) or (), "-1")
    return Finding(
        operation.place,
        shortened(f"{name} makes {sizes} of {_text(x.shape.sizes, '?')}: the sizes move, the values do not"),
        "use permute or transpose to move axes",
        (Step(home(x), f"{api(x.operation)} gives {x.shape}"),) if home(x).path else (),
    )


def _text(sizes: Sizes, free: str) -> str:
    """Sizes as numbers, and ``?`` for those that have no name in the program."""
    known = (free if s is None else s if isinstance(s, int) else "?" for s in sizes)
    return f"({', '.join(map(str, known))})"


def _is_shifted(operation: Operation) -> bool:
    while family(operation) is Family.MOVE and operation.kind not in SHIFTING and operation.inputs:
        operation = operation.inputs[0].operation
    return operation.kind in SHIFTING


def _scrambles(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    x, wanted = operation.inputs[0], wanted_sizes(operation)
    before = None if wanted is None else named_sizes(x, wanted)
    if wanted is None or operation.conflict or before is None:
        return False
    if _is_shifted(x.operation) or x.operation.kind == "parameter":
        return False
    sliced = any(o.kind in ("index", "split") for o in consumers.get(id(operation), ()))
    return not sliced and swaps_axes(before, wanted)
