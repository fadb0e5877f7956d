"""SP206: biases that are drawn from a wide law."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Parameter
from nnlint.network.moments_initial import drawn
from nnlint.network.signal import signal
from nnlint_checks.signal.stretches import called

WIDE = 0.5
"""Deviation: half of what a well-scaled layer gives (1), so that biases and not inputs decide."""
DRAWN = frozenset({"normal", "uniform"})
LAYERS = ("linear", "conv", "conv_transpose")


@check("SP206", level=HINT)
def random_bias_init(network: Network, *, wide: float = WIDE) -> Iterator[Finding]:
    """Biases of hidden layers start as large random numbers.

    Why: a bias shifts a unit's input on all samples alike. Drawn from a wide law it decides which units fire
    before any data is seen: half of the ReLUs are always on or always off, sigmoids start saturated.
    Source: Glorot and Bengio 2010 (biases start at 0); documentation of torch.nn.init.
    Options: wide: deviation of the biases from which on it is reported (0.5).

    Fires:
        A loop over all parameters takes the biases with it.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(64, 32)
                self.fc2 = nn.Linear(32, 10)
                nn.init.xavier_normal_(self.fc1.weight)
                nn.init.normal_(self.fc1.bias)  # hint: [SP206]

            def forward(self, x):
                return self.fc2(torch.relu(self.fc1(x)))

        def run(x):
            return Net()(x)
        ```
    Silent:
        A narrow law, and the library's own.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(64, 32)
                self.fc2 = nn.Linear(32, 10)
                nn.init.normal_(self.fc1.bias, std=0.01)

            def forward(self, x):
                return self.fc2(torch.relu(self.fc1(x)))

        def run(x):
            return Net()(x)
        ```
    """
    found = signal(network)
    heads = {head.number for head in found.heads}
    for operation in network.operations:
        layer = operation.layer
        if layer is None or layer.kind != operation.kind or operation.kind not in LAYERS:
            continue
        bias = next((p for p in layer.parameters if p.name == "bias"), None)
        deviation = _deviation(bias)
        if bias is not None and operation.number not in heads and deviation >= wide:
            place = bias.initialization.place or layer.place
            yield Finding(
                place,
                f"the bias of {called(operation)} is drawn with a deviation of {deviation:.2g}",
                "start biases at 0",
                trail=(Step(layer.place, f"{called(operation)} is built here"),)
                if place != layer.place
                else (),
            )


def _deviation(bias: Parameter | None) -> float:
    if bias is None or bias.trainable is False or bias.initialization.kind not in DRAWN:
        return 0.0
    law = drawn(bias)
    return math.sqrt(law.square) if law is not None else 0.0
