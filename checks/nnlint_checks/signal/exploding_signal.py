"""SP204: values or gradients that grow beyond measure on the way through the network."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.signal.stretches import (
    Stretch,
    called,
    deepest,
    ends,
    initialised_at,
    shown,
)

LARGEST_GAIN = 1e4
"""The mirror image of SP203's bound: half the range of float16 (6e4) is used up by the initial weights."""
FEWEST_LAYERS = 3


@check("SP204", level=WARNING)
def exploding_signal(network: Network, *, largest_gain: float = LARGEST_GAIN) -> Iterator[Finding]:
    """With its initial weights, the network multiplies what goes through it by thousands.

    Why: initial weights that are too large for the width multiply the signal in each layer. Without a norm
    the factors multiply: outputs and gradients start so large that the first steps destroy the weights.
    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"; He et al. 2015, "Delving Deep into Rectifiers".
    Options: largest_gain: of values or gradients from the first hidden layer to the last (10 000).

    Fires:
        A deviation of 0.15 is more than twice too much for a width of 512.
        ```python
        import torch
        from torch import nn

        layers = []
        for _ in range(12):
            layers += [nn.Linear(512, 512), nn.ReLU()]  # warning: [NR301]
        model = nn.Sequential(*layers, nn.Linear(512, 10))
        for module in model:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.15)  # warning: [SP204]

        def run(x):
            return model(x)
        ```
    Silent:
        The same layers with a norm behind each of them.
        ```python
        import torch
        from torch import nn

        layers = []
        for _ in range(12):
            layers += [nn.Linear(512, 512), nn.LayerNorm(512), nn.ReLU()]
        model = nn.Sequential(*layers, nn.Linear(512, 10))
        for module in model:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.15)

        def run(x):
            return model(x)
        ```
        The deviation that fits the width.
        ```python
        import torch
        from torch import nn

        layers = []
        for _ in range(12):
            layers += [nn.Linear(512, 512), nn.ReLU()]
        model = nn.Sequential(*layers, nn.Linear(512, 10))
        for module in model:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.06)

        def run(x):
            return model(x)
        ```
    """
    stretch = deepest(network)
    if stretch is None or len(stretch.layers) < FEWEST_LAYERS or not network.understood:
        return
    forward, backward = stretch.forward, stretch.backward
    gains = [g for g in (forward, backward) if g is not None and g > largest_gain]
    if gains:
        yield _finding(network, stretch, forward == max(gains), max(gains))


def _finding(network: Network, stretch: Stretch, forward: bool, gain: float) -> Finding:
    first, last = stretch.layers[0], stretch.layers[-1]
    count = len(stretch.layers)
    if forward:
        message = f"after {count} layers the values at {called(last)} are {shown(gain)} times the input's"
    else:
        message = (
            f"after {count} layers the gradient at {called(first)} is {shown(gain)} times the last one's"
        )
    return Finding(
        initialised_at(network, stretch),
        message,
        "scale the initial weights to the fan-in (kaiming_normal_, xavier_normal_), or add norms",
        trail=ends(network, stretch),
    )
