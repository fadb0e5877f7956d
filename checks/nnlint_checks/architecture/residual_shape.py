"""AR612: a skip that does not fit the branch it is added to."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.shapes import numbers
from nnlint_checks.architecture.meeting import first_conflict, shortened, trail

FEATURES = 8  # a map of a single channel that becomes this many or more is no picture any more
STRIDED = ("conv", "max_pool", "avg_pool")
MADE = ("constant", "parameter")
PLAIN = (Family.ACTIVATION, Family.DROPOUT, Family.NORM)


@check("AR612", level=ERROR, over=("AR601",))
def residual_shape(network: Network) -> Iterator[Finding]:
    """A skip connection is added to a branch of another shape.

    Why: a residual sum needs equal shapes. Where channels or positions change inside the branch, the skip
    needs a projection with the same stride; else the sum fails, or broadcasts one channel to all.
    Source: He et al. 2016, "Deep Residual Learning for Image Recognition", section 3.2.

    Fires:
        More channels, and no projection.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self, before, after):
                super().__init__()
                self.conv1 = nn.Conv2d(before, after, 3, padding=1)
                self.conv2 = nn.Conv2d(after, after, 3, padding=1)

            def forward(self, x):
                y = self.conv2(torch.relu(self.conv1(x)))
                return torch.relu(y + x)  # error: [AR612]

        net = nn.Sequential(nn.Conv2d(3, 32, 3), Block(32, 64), nn.AdaptiveAvgPool2d(1))
        net(torch.randn(4, 3, 32, 32))
        ```
        The branch has a stride, the projection has none; the size of the images is not known.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
                self.conv2 = nn.Conv2d(64, 64, 3, padding=1)
                self.skip = nn.Conv2d(32, 64, 1)

            def forward(self, x):
                y = self.conv2(torch.relu(self.conv1(x)))
                return torch.relu(y + self.skip(x))  # error: [AR612]
        ```
    Silent:
        A projection with the same stride.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self, before, after, stride):
                super().__init__()
                self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1)
                self.conv2 = nn.Conv2d(after, after, 3, padding=1)
                self.skip = nn.Conv2d(before, after, 1, stride=stride)

            def forward(self, x):
                y = self.conv2(torch.relu(self.conv1(x)))
                return torch.relu(y + self.skip(x))

        Block(32, 64, 2)(torch.randn(4, 32, 32, 32))
        ```
        What the whole map says is added to every position of it.
        ```python
        import torch
        from torch import nn

        class Context(nn.Module):
            def __init__(self):
                super().__init__()
                self.pool, self.mix = nn.AdaptiveAvgPool2d(1), nn.Conv2d(32, 32, 1)

            def forward(self, x):
                return x + self.mix(self.pool(x))

        Context()(torch.randn(4, 32, 16, 16))
        ```
    """
    for operation in network.operations:
        if operation.kind != "add" or len(operation.inputs) != 2 or not operation.proven:
            continue
        a, b = operation.inputs
        if first_conflict(operation):
            if _related(a, b, network):
                yield _finding(
                    operation, f"skip and branch of a residual sum differ: {a.shape} and {b.shape}"
                )
        elif not operation.conflict and (_broadcasts(a, b) or _broadcasts(b, a)):
            yield _finding(operation, f"residual sum broadcasts one channel to all: {a.shape} + {b.shape}")
        elif not operation.conflict and (difference := _difference(a, b)):
            yield _finding(operation, f"branches of a residual sum {difference}")


def _finding(operation: Operation, message: str) -> Finding:
    return Finding(
        home(Tensor(operation)),
        shortened(message),
        "project the skip to the branch's channels and stride with a 1×1 convolution or a linear layer",
        tuple(_sides(operation)),
    )


def _sides(operation: Operation) -> Iterator[Step]:
    for tensor in operation.inputs:
        if tensor.operation.layer is not None and home(tensor).path:
            yield Step(home(tensor), f"{api(tensor.operation)} gives {tensor.shape}")
    if all(t.operation.layer is None for t in operation.inputs):
        yield from trail(operation)


def _related(a: Tensor, b: Tensor, network: Network) -> bool:
    """Both come of one value: one is the other's ancestor, or they share one."""
    given = {t.operation.number for t in network.inputs}
    before = {o.number for o in a.ancestors() if o.kind not in MADE or o.number in given}
    return any(o.number in before for o in b.ancestors())


def _broadcasts(skip: Tensor, branch: Tensor) -> bool:
    """A map of one channel, as it went into the branch, meets many channels of the same size."""
    one, many = skip.shape, branch.shape
    if one.rank != many.rank or one.rank is None or one.rank < 3 or not _is_before(skip, branch):
        return False
    channels = many.axis(1)
    sizes = [*zip(one.sizes[2:], many.sizes[2:], strict=True)]
    return (
        one.axis(1) == 1
        and isinstance(channels, int)
        and channels >= FEATURES
        and all(isinstance(a, int) and a > 1 and a == b for a, b in sizes)
    )


def _is_before(skip: Tensor, branch: Tensor) -> bool:
    return any(o is skip.operation for o in branch.ancestors())


def _difference(a: Tensor, b: Tensor) -> str:
    """How two ways from one value change the size of a map that is not known; "" where it is alike."""
    if any(isinstance(s, int) for s in (a.shape.axis(-1), b.shape.axis(-1))):
        return ""
    first, second = dict(_way(a)), dict(_way(b))
    common = next((number for number in first if number in second), None)
    if common is None or first[common] == second[common]:
        return ""
    (stride, loss), (other, other_loss) = first[common], second[common]
    if stride != other:
        return f"have strides {stride} and {other}"
    return f"lose {loss} and {other_loss} positions" if stride == 1 else ""


def _way(value: Tensor) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each operation before a value, as far as there is one way, with the stride and the loss from there."""
    stride, loss, operation = 1, 0, value.operation
    while True:
        yield operation.number, (stride, loss)
        step = _step(operation)
        if step is None or not operation.inputs:
            return
        stride, loss = stride * step[0], loss + step[1]
        operation = operation.inputs[0].operation


def _step(operation: Operation) -> tuple[int, int] | None:
    """By what an operation divides the size of a map, and what it takes off; None when it cannot be told."""
    if family(operation) in PLAIN:
        return 1, 0
    if operation.kind == "add":
        return (1, 0) if all(t.operation.kind not in MADE for t in operation.inputs) else None
    dims, given = operation.attributes.get("dims"), operation.attributes.get("stride", 1)
    if operation.kind not in STRIDED or not isinstance(dims, int):
        return None
    name, default = ("kernel", 2) if given is None else ("stride", 1)
    found = set(numbers(operation.attributes, name, dims, default))
    step = found.pop() if len(found) == 1 else None
    if step is None:
        return None
    loss = 0 if operation.attributes.get("padding") == "same" else _loss(operation, dims)
    return (step, 0) if step > 1 else None if loss is None else (1, loss)


def _loss(operation: Operation, dims: int) -> int | None:
    """What a window takes off each spatial axis, padding added; None where axes differ or it is not known."""
    names = (("kernel", 1), ("padding", 0), ("dilation", 1))
    found: set[int | None] = set()
    for kernel, pad, wide in zip(*(numbers(operation.attributes, n, dims, d) for n, d in names), strict=True):
        known = kernel is not None and pad is not None and wide is not None
        found.add(wide * (kernel - 1) - 2 * pad if known else None)
    return found.pop() if len(found) == 1 else None
