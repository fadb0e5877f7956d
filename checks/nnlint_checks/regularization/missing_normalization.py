"""NR301: many layers in a row without anything that keeps the signal in bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.network.moments_initial import fans
from nnlint_checks.signal.stretches import Stretch, called, deepest, ends, layer_place, shown, weight_of

FEWEST_LAYERS = 8
"""VGG-16 could not be trained from scratch without a trick, VGG-11 could (Simonyan and Zisserman 2015)."""
SMALLEST_GAIN, LARGEST_GAIN = 1e-2, 1e2
"""Within two decades optimisers with a rate per weight make up for the difference."""


@check("NR301", level=WARNING)
def missing_normalization(
    network: Network,
    *,
    fewest_layers: int = FEWEST_LAYERS,
    smallest_gain: float = SMALLEST_GAIN,
    largest_gain: float = LARGEST_GAIN,
) -> Iterator[Finding]:
    """Many layers in a row without norm or residual connection, and the signal does not keep its size.

    Why: without a norm the scale of each layer's input is left to the weights before it. Over eight layers
    and more small mismatches multiply; learning slows down, or needs a rate that is tuned very finely.
    Source: Ioffe and Szegedy 2015, "Batch Normalization"; He et al. 2016, "Deep Residual Learning".

    Fires:
        Ten convolutions with default weights.
        ```python
        from torch import nn

        def block(into, out):
            return nn.Sequential(nn.Conv2d(into, out, 3, padding=1), nn.ReLU())  # warning: [NR301]

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                widths = [3, 32, 32, 64, 64, 128, 128, 128, 128]
                self.features = nn.Sequential(*[block(a, b) for a, b in zip(widths, widths[1:])])
                self.head = nn.Linear(128, 10)

            def forward(self, x):
                return self.head(self.features(x).mean((2, 3)))

        def run(x):
            return Net()(x)
        ```
    Silent:
        Batch norm behind each convolution.
        ```python
        from torch import nn

        def block(into, out):
            conv = nn.Conv2d(into, out, 3, padding=1, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU())

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                widths = [3, 32, 32, 64, 64, 128, 128, 128, 128]
                self.features = nn.Sequential(*[block(a, b) for a, b in zip(widths, widths[1:])])
                self.head = nn.Linear(128, 10)

            def forward(self, x):
                return self.head(self.features(x).mean((2, 3)))

        def run(x):
            return Net()(x)
        ```
        SELU normalises by itself, with the weights that it asks for.
        ```python
        from torch import nn

        layers = []
        for _ in range(10):
            layers += [nn.Linear(64, 64), nn.SELU()]
        model = nn.Sequential(*layers, nn.Linear(64, 1))
        for module in model:
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")

        def run(x):
            return model(x)
        ```
    """
    stretch = deepest(network)
    if stretch is None or len(stretch.layers) < fewest_layers or not network.understood:
        return
    if any(o.kind == "selu" for o in stretch.operations):
        return
    modes = _between_modes(network, stretch)
    gain = _worst(stretch, smallest_gain * min(modes, 1.0), largest_gain * max(modes, 1.0))
    if gain is not None:
        count, first = len(stretch.layers), stretch.layers[0]
        way = "values change" if gain == stretch.forward else "gradients change"
        yield Finding(
            layer_place(network, first),
            f"{count} layers without a norm: from {called(first)} to the last one {way} by {shown(gain)}",
            "put a norm behind each layer, or lead residual connections past them",
            trail=ends(network, stretch)[1:],
        )


def _between_modes(network: Network, stretch: Stretch) -> float:
    """By how much He's two ways to scale weights (fan-in, fan-out) differ over the stretch: both are good."""
    first, last = (weight_of(network, stretch.layers[n]) for n in (0, -1))
    known = [fans(weight) for weight in (first, last) if weight is not None]
    if len(known) != 2 or known[0] is None or known[1] is None:
        return 1.0
    into, out = known[0], known[1]
    return math.sqrt(into[0] / into[1] * into[2] / out[2])


def _worst(stretch: Stretch, smallest: float, largest: float) -> float | None:
    """The gain that is furthest out of bounds."""
    gains = [g for g in (stretch.backward, stretch.forward) if g is not None and g > 0]
    outside = [g for g in gains if not smallest <= g <= largest]
    return max(outside, key=lambda g: max(g, 1 / g), default=None)
