"""AR608: maps that are pooled until nothing is left of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.shape import Shape
from nnlint.network.shapes import numbers
from nnlint_checks.architecture.meeting import downstream, first_conflict, shortened, trail

WINDOWED = ("conv", "max_pool", "avg_pool")
GROWING = ("conv_transpose", "interpolate", "pixel_shuffle")


@check("AR608", level=ERROR, over=("AR601",))
def pooled_away(network: Network, *, share: float = 1 / 3) -> Iterator[Finding]:
    """Convolutions and pooling leave no positions, or a single one long before the last layer.

    Why: a window larger than the padded map has nowhere to stand, and the program stops there. A 3×3 kernel
    on a map of 1×1 sees one value and zeros: eight ninths of its weights never learn anything.
    Source: PyTorch documentation of Conv2d and MaxPool2d (output size).
    Options: share: of the convolutions that must see padding only before it is reported (1/3).

    Fires:
        Six poolings of a small picture.
        ```python
        import torch
        from torch import nn

        class Deep(nn.Module):
            def __init__(self):
                super().__init__()
                widths = [3, 16, 32, 64, 128, 256, 512]
                self.convs = nn.ModuleList(
                    nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, widths[1:])
                )
                self.pool = nn.MaxPool2d(2)

            def forward(self, x):
                for conv in self.convs:
                    x = self.pool(torch.relu(conv(x)))  # error: [AR608]
                return x.flatten(1)

        Deep()(torch.randn(4, 3, 32, 32))
        ```
        Half of the convolutions work on a single position.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),  # warning: [AR608]
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
            nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(128, 10),
        )
        model(torch.randn(4, 1, 28, 28))
        ```
    Silent:
        A global pooling before the head, and a gate of channels.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 32, 3, padding=1)
                self.pool = nn.AdaptiveAvgPool2d(1)
                self.down, self.up = nn.Conv2d(32, 8, 1), nn.Conv2d(8, 32, 1)
                self.out = nn.Linear(32, 10)

            def forward(self, x):
                x = torch.relu(self.conv(x))
                gate = torch.sigmoid(self.up(torch.relu(self.down(self.pool(x)))))
                return self.out(self.pool(x * gate).flatten(1))

        Net()(torch.randn(4, 3, 32, 32))
        ```
        A decoder that starts from a single position.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(1, 16, 7, stride=4), nn.ReLU(),
            nn.Conv2d(16, 32, 6), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 6), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 8, stride=4),
        )
        model(torch.randn(4, 1, 28, 28))
        ```
    """
    for operation in network.operations:
        if first_conflict(operation) and operation.about == "window":
            yield _nothing_left(operation)
    consumers = network.consumers()
    convolutions = [o for o in network.operations if o.kind == "conv"]
    for operation in network.operations:
        wasted = _wasted_after(operation, consumers)
        if wasted and len(wasted) >= share * len(convolutions):
            yield _single_position(operation, wasted, len(convolutions))
            return


def _nothing_left(operation: Operation) -> Finding:
    return Finding(
        home(Tensor(operation)),
        shortened(f"nothing is left of the map: {api(operation)} has {operation.conflict}"),
        "pool less often, add padding, or take larger images",
        tuple(trail(operation)),
    )


def _single_position(operation: Operation, wasted: list[Operation], total: int) -> Finding:
    x = operation.inputs[0]
    return Finding(
        home(Tensor(operation)),
        shortened(
            f"{api(operation)} leaves 1×1 of {x.shape}; {len(wasted)} of {total} convolutions come after it"
        ),
        "pool less often, or take larger images",
        tuple(Step(home(Tensor(o)), "a kernel that sees a single position") for o in wasted[:3]),
        level=WARNING,
    )


def _wasted_after(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> list[Operation]:
    """Convolutions with a real kernel on the single position that this operation is the first to leave."""
    dims = operation.attributes.get("dims")
    if operation.kind not in WINDOWED or dims not in (2, 3) or operation.conflict or not operation.proven:
        return []
    if not _single(_shape_after(operation, consumers), operation, dims) or _covers(operation, dims):
        return []
    after = list(downstream(operation, consumers))
    if any(o.kind in GROWING for o in after):
        return []
    return [o for o in after if o.kind == "conv" and _wide(o) and _single(o.inputs[0].shape, o, dims)]


def _shape_after(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> Shape | None:
    for reader in consumers.get(id(operation), ()):
        for tensor in reader.inputs:
            if tensor.operation is operation:
                return tensor.shape
    return None


def _single(shape: Shape | None, operation: Operation, dims: int) -> bool:
    last = 1 if operation.attributes.get("layout") == "channels_last" else 0
    return shape is not None and all(shape.axis(-1 - last - n) == 1 for n in range(dims))


def _covers(operation: Operation, dims: int) -> bool:
    """A kernel as large as the map: global pooling, or a convolution in place of a dense layer."""
    x, last = operation.inputs[0].shape, operation.attributes.get("layout") == "channels_last"
    kernel = numbers(operation.attributes, "kernel", dims, 1)
    sizes = [x.axis(n - dims - last) for n in range(dims)]
    return sizes == list(kernel)


def _wide(operation: Operation) -> bool:
    dims = operation.attributes["dims"]
    return all(k is not None and k > 1 for k in numbers(operation.attributes, "kernel", dims, 1))
