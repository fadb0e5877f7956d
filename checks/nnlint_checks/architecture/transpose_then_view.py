"""AR620: a view of values that a transpose has left apart in memory, or a reshape that undoes it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.layouts import memory_order, merges_apart, named_sizes, swaps_axes, wanted_sizes
from nnlint.network.lookback import home
from nnlint.repair import Part, Repair, Replace

MOVING = ("transpose", "permute")


@check("AR620", level=ERROR, fix=SAFE)
def transpose_then_view(network: Network) -> Iterator[Finding]:
    """A view merges axes that a transpose or permute has left apart in memory, or a reshape swaps them back.

    Why: transpose and permute only change strides. view cannot merge such axes and raises "view size is not
    compatible with input tensor's size and stride"; a reshape to swapped sizes copies, and scrambles.
    Source: PyTorch documentation of Tensor.view.

    Fires:
        The heads come back together.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64, heads=8):
                super().__init__()
                self.heads = heads
                self.qkv = nn.Linear(width, 3 * width)
                self.out = nn.Linear(width, width)

            def forward(self, x):
                B, T, C = x.shape
                q, k, v = self.qkv(x).split(C, dim=2)
                q = q.view(B, T, self.heads, C // self.heads).transpose(1, 2)
                k = k.view(B, T, self.heads, C // self.heads).transpose(1, 2)
                v = v.view(B, T, self.heads, C // self.heads).transpose(1, 2)
                y = torch.softmax(q @ k.transpose(-2, -1) / 8**0.5, dim=-1) @ v
                y = y.transpose(1, 2).view(B, T, C)  # error: [AR620]
                return self.out(y)

        Attention()(torch.randn(2, 10, 64))
        ```
        ```diff
        -        y = y.transpose(1, 2).view(B, T, C)
        +        y = y.transpose(1, 2).reshape(B, T, C)
        ```
        Flattened after the channels went last.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.out = nn.Linear(8 * 32 * 32, 10)

            def forward(self, x):
                x = torch.relu(self.conv(x)).permute(0, 2, 3, 1)
                return self.out(x.view(x.size(0), -1))  # error: [AR620]

        Net()(torch.randn(4, 3, 32, 32))
        ```
        ```diff
        -        return self.out(x.view(x.size(0), -1))
        +        return self.out(x.reshape(x.size(0), -1))
        ```
    Silent:
        The same with contiguous, with reshape, and a view that only splits an axis.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.out = nn.Linear(8 * 32 * 32, 10)

            def forward(self, x):
                x = torch.relu(self.conv(x)).permute(0, 2, 3, 1)
                groups = x.view(x.size(0), 32, 32, 2, 4)
                a = self.out(x.contiguous().view(x.size(0), -1))
                return a + self.out(x.reshape(x.size(0), -1)) + groups.sum()

        Net()(torch.randn(4, 3, 32, 32))
        ```
    """
    for operation in network.operations:
        if operation.kind != "reshape" or operation.conflict or not operation.proven:
            continue
        x, wanted = operation.inputs[0], wanted_sizes(operation)
        before = named_sizes(x)
        if wanted is None or before is None:
            continue
        moved = _moved(x)
        if moved is None:
            continue
        order = memory_order(x)
        if operation.attributes.get("view") and order and merges_apart(before, wanted, order):
            message = f"view of what {moved.kind} left apart in memory fails: {x.shape} is not contiguous"
            repair = Repair((Replace(operation.place, ("reshape",), Part.METHOD, expected=("view",)),))
            yield _finding(operation, moved, message, "use reshape, or contiguous() before view", repair)
        elif x.operation is moved and swaps_axes(before, wanted):
            message = (
                f"reshape after {moved.kind} swaps the sizes of {x.shape} again and scrambles the values"
            )
            yield _finding(operation, moved, message, "move the axes with permute alone")


def _moved(x: Tensor) -> Operation | None:
    """The last transpose or permute on the way to a value."""
    operation = x.operation
    while operation.kind not in MOVING and len(operation.inputs) == 1:
        operation = operation.inputs[0].operation
    return operation if operation.kind in MOVING else None


def _finding(operation: Operation, moved: Operation, message: str, advice: str, *repairs: Repair) -> Finding:
    steps = (Step(home(Tensor(moved)), f"{moved.kind} here"),)
    return Finding(operation.place, message, advice, steps, repairs=repairs)
