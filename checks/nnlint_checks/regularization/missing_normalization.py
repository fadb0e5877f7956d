"""NR301: many layers in a row without anything that keeps the signal in bounds."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.regularization.unnormalized import (
    FEWEST_LAYERS,
    LARGEST_GAIN,
    SMALLEST_GAIN,
    described,
    unnormalized,
)
from nnlint_checks.signal.stretches import ends, layer_place


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
    Options: fewest_layers: layers of weights in a row (8). smallest_gain, largest_gain: of values or
    gradients over them; a signal that stays within needs no norm (0.01 and 100).

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
    found = unnormalized(network, fewest_layers, smallest_gain, largest_gain)
    if found is not None and network.framework != "onnx":
        yield Finding(
            layer_place(network, found.stretch.layers[0]),
            described(found),
            "put a norm behind each layer, or lead residual connections past them",
            trail=ends(network, found.stretch)[1:],
        )
