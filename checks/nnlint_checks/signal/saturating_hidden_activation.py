"""SP208: sigmoid or tanh between many layers, where they stop the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family
from nnlint.network.signal import weighs
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
FEW_UNITS = 8
"""So few values of softmax may be the choice that a network makes on its way."""
COORDINATES = 4
"""So few inputs are places and times: tanh networks that represent a function need it to be smooth."""


@check("SP208", level=WARNING)
def saturating_hidden_activation(
    network: Network, *, smallest_gain: float = SMALLEST_GAIN
) -> Iterator[Finding]:
    """Sigmoid or tanh stands between the hidden layers of a deep network without norms, or softmax anywhere.

    Why: the derivative of a sigmoid is at most 1/4, that of tanh falls off quickly around 0. Each layer
    shrinks the gradient; after a few of them the first layers learn a hundred times slower than the last.
    The values of a softmax add up to 1: of many units next to nothing is left of each.
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
        Softmax as the activation of a hidden layer.
        ```python
        from tensorflow import keras

        model = keras.Sequential([
            keras.Input((784,)),
            keras.layers.Dense(128, activation="softmax"),  # warning: [SP208]
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ])
        ```
    Silent:
        Softmax weighs what an attention adds up.
        ```python
        import torch
        from torch import nn

        class Pool(nn.Module):
            def __init__(self):
                super().__init__()
                self.scores = nn.Linear(64, 16)
                self.head = nn.Linear(64, 5)

            def forward(self, x):
                weights = torch.softmax(self.scores(x.mean(1)), dim=-1)
                return self.head(torch.einsum("nk,nkd->nd", weights, x))

        def run(x):
            return Pool()(x)
        ```
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
    yield from _competing(network)
    stretch = deepest(network)
    if stretch is None or not stretch.layers or not network.understood or _of_function(network, stretch):
        return
    narrow = _narrow(network, stretch)
    for kind, fewest in FEWEST.items():
        found = [o for o in stretch.operations if o.kind == kind and next_layer(stretch, o)]
        if len(found) >= (DEEP if narrow else fewest) and (reason := _reason(stretch, found, smallest_gain)):
            yield _finding(network, stretch, found, reason)


def _competing(network: Network) -> Iterator[Finding]:
    """Softmax as the activation of a layer that another one reads: its values add up to 1."""
    consumers = network.consumers()
    leave = {t.operation.number for t in network.outputs}
    for operation in network.operations:
        if operation.kind != "softmax" or operation.number in leave or not _of_layer(operation):
            continue
        width, layer = operation.inputs[0].shape.axis(-1), _only_reader(operation, consumers)
        if layer is None or layer.kind != "linear" or not isinstance(width, int) or width < FEW_UNITS:
            continue
        yield Finding(
            operation.layer.place if operation.layer is not None else operation.place,
            f"softmax between layers: {width} values that add up to 1, about {1 / width:.2g} each",
            "use ReLU between layers; softmax is for the output",
            trail=(Step(layer_place(network, layer), f"{called(layer)} reads them"),),
        )


def _of_layer(operation: Operation) -> bool:
    """It follows a layer with weights at once, and runs over that layer's units."""
    before = operation.inputs[0]
    rank, axis = before.shape.rank, operation.attributes.get("axis")
    return weighs(before.operation) and before.operation.kind == "linear" and axis in (-1, rank and rank - 1)


def _only_reader(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> Operation | None:
    """The layer that alone reads a value, behind dropout or reshaping at most."""
    readers = consumers.get(id(operation), ())
    if len(readers) != 1:
        return None
    if weighs(readers[0]):
        return readers[0]
    plain = family(readers[0]) in (Family.DROPOUT, Family.MOVE)
    return _only_reader(readers[0], consumers) if plain else None


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
