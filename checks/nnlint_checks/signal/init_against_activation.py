"""SP205: initial weights that are scaled for another activation."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Initialization, Network, Operation
from nnlint_checks.signal.stretches import Stretch, called, chosen_initialization, deepest

FEWEST_LAYERS = 4
"""Over fewer layers a factor of √2 a layer does not matter."""
RECTIFIERS = frozenset({"relu", "relu6", "leaky_relu", "elu", "gelu", "silu"})
BOUNDED = frozenset({"tanh", "sigmoid"})
XAVIER, HE = ("xavier_uniform", "xavier_normal"), ("kaiming_uniform", "kaiming_normal")
HALF_WAY = 2**0.25
"""Gains below it are meant for linear and bounded activations (1), above it for ReLU (√2)."""


@check("SP205", level=HINT)
def init_against_activation(network: Network, *, fewest_layers: int = FEWEST_LAYERS) -> Iterator[Finding]:
    """Weights are initialised for another activation than the one that follows.

    Why: Glorot's weights keep the variance where the activation is linear around 0, as tanh; ReLU halves it,
    so that each layer loses a factor of √2. He's weights make up for ReLU; tanh and sigmoid they saturate.
    Source: He et al. 2015, "Delving Deep into Rectifiers", section 2.2; documentation of
    torch.nn.init.calculate_gain.
    Options: fewest_layers: layers of weights; shallower networks bear either law (4).

    Fires:
        Glorot's weights before ReLU.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                widths = [64, 128, 128, 128, 128]
                self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])
                self.head = nn.Linear(128, 10)
                for layer in self.layers:
                    nn.init.xavier_uniform_(layer.weight)  # hint: [SP205]

            def forward(self, x):
                for layer in self.layers:
                    x = nn.functional.relu(layer(x))
                return self.head(x)

        def run(x):
            return Net()(x)
        ```
    Silent:
        With the gain of ReLU.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                widths = [64, 128, 128, 128, 128]
                self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])
                self.head = nn.Linear(128, 10)
                for layer in self.layers:
                    nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("relu"))

            def forward(self, x):
                for layer in self.layers:
                    x = nn.functional.relu(layer(x))
                return self.head(x)

        def run(x):
            return Net()(x)
        ```
    """
    stretch = deepest(network)
    if stretch is None or len(stretch.layers) < fewest_layers:
        return
    found = list(_mismatched(network, stretch))
    if len(found) >= fewest_layers:
        layer, activation, initialization = found[0]
        assert initialization.place is not None
        yield Finding(
            initialization.place,
            f"{initialization.kind}_ for {len(found)} layers with {activation.kind}",
            _advice(activation),
            trail=(Step(activation.place, f"{activation.kind} follows {called(layer)}"),),
        )


def _mismatched(network: Network, stretch: Stretch) -> Iterator[tuple[Operation, Operation, Initialization]]:
    for layer, activation in zip(stretch.operations, stretch.operations[1:], strict=False):
        initialization = chosen_initialization(network, layer)
        if initialization is None or initialization.place is None:
            continue
        gain = _gain(initialization)
        rectified = activation.kind in RECTIFIERS and initialization.kind in XAVIER and gain < HALF_WAY
        bounded = activation.kind in BOUNDED and initialization.kind in HE and gain > HALF_WAY
        if rectified or bounded:
            yield layer, activation, initialization


def _gain(initialization: Initialization) -> float:
    """The gain asked for, NaN where it is not known: that matches nothing."""
    default = 1.0 if initialization.kind in XAVIER else math.sqrt(2)
    return initialization.arguments.get("gain", default)


def _advice(activation: Operation) -> str:
    if activation.kind in BOUNDED:
        return "use xavier_uniform_ or xavier_normal_ before tanh and sigmoid"
    return 'use kaiming_normal_ with nonlinearity="relu", or calculate_gain("relu")'
