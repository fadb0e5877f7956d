"""AR607: a deep stack of layers with no way around any of them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint_checks.architecture.layer_sizes import trained
from nnlint_checks.architecture.rows import PLAIN, Row, rows

DEEPEST_PLAIN = 20
"""Plain networks of up to 19 layers (VGG-19) train well; with 34, error was above that with 18 (He)."""


@check("AR607", level=WARNING)
def deep_without_residuals(network: Network, *, layers: int = DEEPEST_PLAIN) -> Iterator[Finding]:
    """Twenty or more weighted layers follow one another without a skip connection.

    Why: with depth, plain networks get worse on the training set itself, batch norm or not: the layers find
    it hard to be the identity where that would be best. With x + f(x) they are that from the start.
    Source: He et al. 2016, "Deep Residual Learning for Image Recognition", figures 1 and 4; Simonyan and
    Zisserman 2015 (VGG).

    Options: layers: the least number of layers in a row (20) that is reported; depthwise ones do not count.

    Fires:
        A plain stack from a loop.
        ```python
        from torch import nn

        class Deep(nn.Module):
            def __init__(self, depth=24, width=64):
                super().__init__()
                self.stem = nn.Conv2d(3, width, 3, padding=1)
                self.blocks = nn.ModuleList(
                    nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(depth)
                )
                self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(depth))

            def forward(self, x):
                x = self.stem(x).relu()
                for block, norm in zip(self.blocks, self.norms):
                    x = norm(block(x)).relu()  # warning: [AR607]
                return x.mean((2, 3))
        ```
    Silent:
        The same depth with skips; and a plain network of half of it.
        ```python
        from torch import nn

        def block(width):
            conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())

        class Residual(nn.Module):
            def __init__(self, depth=24, width=64):
                super().__init__()
                self.stem = nn.Conv2d(3, width, 3, padding=1)
                self.blocks = nn.ModuleList(block(width) for _ in range(depth))

            def forward(self, x):
                x = self.stem(x).relu()
                for layer in self.blocks:
                    x = x + layer(x)
                return x.mean((2, 3))

        class Plain(nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = nn.Sequential(*[block(16) for _ in range(12)])

            def forward(self, x):
                return self.blocks(x).mean((2, 3))
        ```
        One skip around all of them.
        ```python
        from torch import nn

        class SuperResolution(nn.Module):
            def __init__(self, depth=22):
                super().__init__()
                self.first, self.last = nn.Conv2d(1, 64, 3, padding=1), nn.Conv2d(64, 1, 3, padding=1)
                self.body = nn.Sequential(
                    *[nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()) for _ in range(depth)]
                )
                for module in self.modules():
                    if isinstance(module, nn.Conv2d):
                        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

            def forward(self, x):
                return x + self.last(self.body(self.first(x).relu()))
        ```
    """
    for row in rows(network):
        deep = [o for o in row.layers() if _counts(o, network)]
        if len(deep) >= layers and not _bridged(row, network):
            first, middle, last = deep[0], deep[layers - 1], deep[-1]
            yield Finding(
                home(Tensor(middle)),
                f"{len(deep)} weighted layers in a row with no skip connection",
                "add skip connections around every two or three layers: x = x + block(x)",
                tuple(
                    Step(home(Tensor(o)), f"{api(o)} is the {which} of them")
                    for which, o in (("first", first), ("last", last))
                ),
            )


def _counts(operation: Operation, network: Network) -> bool:
    """A depthwise filter and the pointwise one after it count as one."""
    layer, whole = operation.layer, operation.attributes.get("groups", 1) == 1
    return whole and layer is not None and trained(layer, stored=network.framework == "onnx")


def _bridged(row: Row, network: Network) -> bool:
    """The value that the row begins with is also used elsewhere: a way around it."""
    begins = row.operations[0].inputs[0].operation
    inside = {id(o) for o in row.operations}
    return any(
        t.operation is begins and id(o) not in inside and o.kind not in PLAIN
        for o in network.operations
        for t in o.inputs
    )
