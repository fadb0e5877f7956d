"""AR610: a classifier whose layers do not narrow the way that such networks do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.lookback import api
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint_checks.architecture.layer_sizes import kernel, made_at, widths
from nnlint_checks.architecture.rows import Row, rows

GROWING = pattern(
    r"gen(erator)?($|_)|decod|auto|vae|unet|u_net|gan|upsampl|segment|encod|diffus|flow|^AE", re.I
)
"""Names of networks that make something large from something small, or the other way and back."""
LAYERS = ("linear", "conv", "conv_transpose")
FEWEST_POOLED = 3
"""So many convolutions, each followed by pooling: LeNet's two are usual."""
MOST_POOLED = 4


@check("AR610", level=HINT)
def pyramid_broken(network: Network) -> Iterator[Finding]:
    """Filters get fewer while maps shrink, dense layers widen, windows grow, or each convolution is pooled.

    Why: where a map shrinks, more filters keep what was computed; dense layers narrow step by step to the
    output; small windows first, and larger ones by depth, need fewer weights than large ones later; pooling
    after every convolution throws positions away before much was made of them. Good networks deviate, but
    with a reason.
    Source: Simonyan and Zisserman 2015, "Very Deep Convolutional Networks", section 2; LeCun et al. 1998.

    Fires:
        Fewer filters on smaller maps.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(),  # hint: [AR610]
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
        )

        def run(x):
            return model(x)
        ```
        Wider and wider towards the output.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 32),
            nn.ReLU(),
            nn.Linear(32, 256),  # hint: [AR610]
            nn.ReLU(),
            nn.Linear(256, 3),
        )

        def run(x):
            return model(x)
        ```
    Silent:
        More filters, narrower dense layers, one window size.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 6 * 6, 64), nn.ReLU(), nn.Linear(64, 10),
        )

        def run(x):
            return model(x)
        ```
        A decoder grows.
        ```python
        from torch import nn

        class Decoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 784), nn.Sigmoid())

            def forward(self, z):
                return self.layers(z)
        ```
    """
    kinds = {o.kind for o in network.operations}
    if GROWING.search(network.name) or kinds & {"conv_transpose", "interpolate", "pixel_shuffle"}:
        return
    for row in rows(network):
        if row.last:
            yield from _fewer_filters(row)
            yield from _wider_layers(row)
            yield from _larger_windows(row)
            yield from _pooled_each(row)


def _fewer_filters(row: Row) -> Iterator[Finding]:
    """A convolution behind a smaller map has fewer filters than the one before."""
    before: Operation | None = None
    shrunk = False
    for operation in row.operations:
        shrunk = shrunk or _shrinks(operation)
        if operation.kind != "conv":
            continue
        if before is not None and shrunk and _narrows(before, operation):
            into, out = widths(before)[1], widths(operation)[1]
            step = Step(made_at(before), f"{into} filters before")
            message = f"{api(operation)} has {out} filters on a smaller map, {into} before it"
            yield Finding(made_at(operation), message, "double the filters where the map is halved", (step,))
            return
        before, shrunk = operation, False


def _shrinks(operation: Operation) -> bool:
    stride = operation.attributes.get("stride")
    steps = stride if isinstance(stride, tuple) else (stride,)
    pooled = operation.kind in ("max_pool", "avg_pool")
    return pooled or (operation.kind == "conv" and any(isinstance(s, int) and s > 1 for s in steps))


def _narrows(before: Operation, after: Operation) -> bool:
    """Both have windows, no pointwise squeeze, and the second at most half of the filters."""
    sizes, left, right = kernel(after), widths(before)[1], widths(after)[1]
    known = isinstance(left, int) and isinstance(right, int)
    return known and sizes is not None and min(sizes) > 1 and 2 * right <= left  # type: ignore[operator]


def _wider_layers(row: Row) -> Iterator[Finding]:
    """A hidden dense layer has more units than the hidden one before it, and the output is narrow."""
    dense = [o for o in row.layers() if o.kind == "linear"]
    out = widths(dense[-1])[1] if dense else None
    for before, after in pairwise(dense[:-1]):
        left, right = widths(before)[1], widths(after)[1]
        if not (isinstance(left, int) and isinstance(right, int) and isinstance(out, int)):
            return
        if right >= 2 * left and out < left:
            step = Step(made_at(before), f"{left} units before")
            message = f"{api(after)} widens from {left} to {right} units towards an output of {out}"
            yield Finding(made_at(after), message, "make the layers narrower step by step", (step,))
            return


def _larger_windows(row: Row) -> Iterator[Finding]:
    """A later convolution, not the last, has a larger window than all before it."""
    windows = [(o, kernel(o)) for o in row.layers() if o.kind == "conv"]
    sized = [(o, max(k)) for o, k in windows if k is not None and min(k) > 1]
    for (before, small), (after, large) in pairwise(sized):
        if large > small and not _covers(after):
            step = Step(made_at(before), f"a window of {small} before")
            message = f"{api(after)} has a window of {large}, larger than {small} before it"
            yield Finding(made_at(after), message, "use the larger window first, or 3 throughout", (step,))
            return


def _covers(operation: Operation) -> bool:
    """The window takes the whole map: a dense layer written as a convolution."""
    sizes, shape = kernel(operation), operation.inputs[0].shape
    return sizes is not None and all(shape.axis(n - len(sizes)) == s for n, s in enumerate(sizes))


def _pooled_each(row: Row) -> Iterator[Finding]:
    """Every convolution of a short network is followed by pooling before the next layer."""
    steps = [o for o in row.operations if o.kind in LAYERS or family(o) is Family.POOL]
    convolutions = [n for n, o in enumerate(steps) if o.kind == "conv"]
    pooled = [
        n for n in convolutions if steps[n + 1 : n + 2] and steps[n + 1].kind in ("max_pool", "avg_pool")
    ]
    if FEWEST_POOLED <= len(convolutions) <= MOST_POOLED and pooled == convolutions:
        last = steps[convolutions[-1] + 1]
        message = f"each of {len(convolutions)} convolutions is pooled at once"
        yield Finding(made_at(last), message, "put two convolutions before each pooling")
