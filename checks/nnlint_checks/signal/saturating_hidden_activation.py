"""SP208: sigmoid or tanh between many layers, where they stop the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint_checks.signal.stretches import Stretch, called, deepest, layer_place, next_layer, shown, weight_of

FEWEST = {"sigmoid": 3, "hardsigmoid": 3, "logsigmoid": 3, "tanh": 5, "softsign": 5, "hardtanh": 5}
"""A sigmoid passes at most a quarter of the gradient, tanh all of it near 0: so many of them are a stack."""
SMALLEST_GAIN = 1e-2
SATURATED = {
    "sigmoid": 4.0,
    "hardsigmoid": 4.0,
    "logsigmoid": math.inf,
    "tanh": 2.5,
    "softsign": 10.0,
    "hardtanh": 2.5,
}
"""Deviation of what goes in, from which on half of the units have next to no slope."""
NARROW = 16
"""Networks of at most so many units a layer (XOR and the like) are studied, not used."""
DEEP = 6
"""But none of them has so many hidden layers."""
COORDINATES = 4
"""So few inputs are places and times: tanh networks that represent a function need it to be smooth."""


@check("SP208", level=WARNING)
def saturating_hidden_activation(
    network: Network, *, smallest_gain: float = SMALLEST_GAIN
) -> Iterator[Finding]:
    """Sigmoid or tanh stands between the hidden layers of a deep network without norms.

    Why: the derivative of a sigmoid is at most 1/4, that of tanh falls off quickly around 0. Each layer
    shrinks the gradient; after a few of them the first layers learn a hundred times slower than the last.
    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"; Glorot et al. 2011, "Deep Sparse Rectifier Neural Networks".
    Options: smallest_gain: of gradients over the saturating layers, below which it is reported (0.01).

    Fires:
        Four hidden layers with sigmoid.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(784, 256),
            nn.Sigmoid(),  # warning: [SP208]
            nn.Linear(256, 128),
            nn.Sigmoid(),
            nn.Linear(128, 64),
            nn.Sigmoid(),
            nn.Linear(64, 32),
            nn.Sigmoid(),
            nn.Linear(32, 10),
        )

        def run(x):
            return model(x)
        ```
    Silent:
        ReLU between the layers, sigmoid at the end.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, 1),
            nn.Sigmoid(),
        )

        def run(x):
            return model(x)
        ```
        Tanh with the weights that suit it.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(784, 128),
            nn.Tanh(),
            nn.Linear(128, 128),
            nn.Tanh(),
            nn.Linear(128, 128),
            nn.Tanh(),
            nn.Linear(128, 128),
            nn.Tanh(),
            nn.Linear(128, 128),
            nn.Tanh(),
            nn.Linear(128, 10),
        )
        for module in model:
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)

        def run(x):
            return model(x)
        ```
    """
    stretch = deepest(network)
    if stretch is None or not stretch.layers or not network.understood or _of_function(network, stretch):
        return
    narrow = _narrow(network, stretch)
    for kind, fewest in FEWEST.items():
        found = [o for o in stretch.operations if o.kind == kind and next_layer(stretch, o)]
        if len(found) >= (DEEP if narrow else fewest) and (reason := _reason(stretch, found, smallest_gain)):
            yield _finding(network, stretch, found, reason)


def _narrow(network: Network, stretch: Stretch) -> bool:
    """Few units in every layer, or nothing is known of them."""
    widths = [o.inputs[0].shape.axis(-1) for o in stretch.layers[1:] if o.inputs]
    sizes = [w for o in stretch.layers if (weight := weight_of(network, o)) for w in weight.shape.sizes[:2]]
    numbers = [s for s in (*widths, *sizes) if isinstance(s, int)]
    return not numbers or max(numbers) <= NARROW


def _of_function(network: Network, stretch: Stretch) -> bool:
    """A function of places and times by tanh."""
    first = stretch.layers[0].inputs[0].shape.axis(-1)
    smooth = all(o.kind != "sigmoid" for o in stretch.operations)
    return smooth and stretch.layers[0].kind == "linear" and isinstance(first, int) and first <= COORDINATES


def _reason(stretch: Stretch, found: list[Operation], smallest_gain: float) -> str:
    """What the prediction says against it, "" where nothing."""
    gain = _through(stretch)
    if gain is not None and 0 < gain < smallest_gain:
        return f"the gradient shrinks to {shown(gain)}"
    for operation in found:
        given = stretch.signal.entering(operation)
        deviation = math.sqrt(max(given.square - given.mean**2, 0.0)) if given else 0.0
        if deviation >= SATURATED[operation.kind]:
            return f"values of ±{shown(deviation)} saturate it"
    return ""


def _through(stretch: Stretch) -> float | None:
    """The gradient at the first layer over that behind the last activation of the stretch."""
    backward = stretch.signal.backward
    first, last = backward.get(stretch.layers[0].number), backward.get(stretch.operations[-1].number)
    return math.sqrt(first / last) if first is not None and last else None


def _finding(network: Network, stretch: Stretch, found: list[Operation], reason: str) -> Finding:
    first = found[0]
    of_layer = first.layer is not None
    place = first.layer.place if first.layer is not None and of_layer else first.place
    return Finding(
        place,
        f"{len(found)} hidden layers with {first.kind}: {reason} on the way to {called(stretch.layers[0])}",
        "use ReLU, GELU or SELU between layers, or put a norm before each activation",
        trail=(Step(layer_place(network, stretch.layers[0]), f"{called(stretch.layers[0])} learns slowest"),),
    )
