"""SP209: ReLU units that training, or the initial bias, switches off for good."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Parameter
from nnlint.network.signal import signal
from nnlint_checks.signal.stretches import Stretch, called, deepest, layer_place

RECTIFIERS = frozenset({"relu", "relu6"})
FEWEST = 3
ADAM = frozenset({"adam", "adamw", "adamax", "nadam", "radam", "rmsprop"})
ADAM_RATE = 0.02
"""Twenty times Adam's default: each weight moves by this much at each step, whatever its gradient."""
SGD_RATE = 0.5
"""Fifty times the usual 0.01; momentum m makes steps 1/(1−m) times as large."""
FEWEST_ACTIVE = 0.05
"""Below this share of inputs on which a unit fires, it hardly learns."""


@check("SP209", level=WARNING)
def dead_relu_risk(
    network: Network,
    recipe: Recipe | None,
    *,
    adam: float = ADAM_RATE,
    sgd: float = SGD_RATE,
    fewest_active: float = FEWEST_ACTIVE,
) -> Iterator[Finding]:
    """Units with ReLU are likely to end up, or to start, where they are zero on all inputs.

    Why: a ReLU that is negative on every input passes no gradient, so nothing brings it back. Large steps
    push biases and weights there within a few batches; a negative initial bias puts them there from the
    start. A norm before the activation, or a slope below zero, prevents it.
    Source: Lu et al. 2019, "Dying ReLU and Initialization"; Maas et al. 2013, "Rectifier Nonlinearities".

    Options: adam, sgd: rates from which on it is reported; fewest_active: share of inputs.

    Fires:
        A rate that is ten times too high, on ReLU layers without norm.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.025)  # warning: [SP209]

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Biases so far below zero that the units start switched off.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(64, 128)
                self.fc2 = nn.Linear(128, 10)
                nn.init.constant_(self.fc1.bias, -2.0)  # warning: [SP209]

            def forward(self, x):
                return self.fc2(torch.relu(self.fc1(x)))

        def run(x):
            return Net()(x)
        ```
    Silent:
        Leaky ReLU lets the gradient through below zero.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(64, 128), nn.LeakyReLU(), nn.Linear(128, 128), nn.LeakyReLU(), nn.Linear(128, 128),
            nn.LeakyReLU(), nn.Linear(128, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.025)

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        A usual rate.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    yield from _switched_off(network, fewest_active)
    stretch = deepest(network)
    if recipe is None or stretch is None or not network.understood:
        return
    rectified = sum(o.kind in RECTIFIERS for o in stretch.operations)
    if rectified < FEWEST:
        return
    for optimizer in recipe.optimizers:
        trained = any(recipe.models.get(key) is network for key in optimizer.models)
        if trained and not optimizer.schedule and _too_fast(optimizer, adam, sgd):
            yield _finding(stretch, optimizer, rectified, network)


def _too_fast(optimizer: Optimizer, adam: float, sgd: float) -> bool:
    rate = optimizer.learning_rate
    if rate is None:
        return False
    if optimizer.kind in ADAM:
        return rate >= adam
    momentum = optimizer.momentum or 0.0
    if optimizer.kind != "sgd" or not 0 <= momentum < 1:
        return False
    step = round(rate / (1 - momentum), 6)
    return step > sgd or (step == sgd and not momentum)  # 0.05 with momentum 0.9 is common, and trains


def _finding(stretch: Stretch, optimizer: Optimizer, rectified: int, network: Network) -> Finding:
    api = optimizer.api.rpartition(".")[2]
    momentum = f", momentum={optimizer.momentum:g}" if optimizer.momentum else ""
    first = stretch.layers[0]
    return Finding(
        optimizer.learning_rate_place or optimizer.place,
        f"{api} with lr={optimizer.learning_rate:g}{momentum} can kill units of {rectified} ReLU layers",
        "lower the learning rate, put a norm before the activations, or use LeakyReLU",
        trail=(Step(layer_place(network, first), f"{called(first)} is the first of these layers"),),
    )


def _switched_off(network: Network, fewest_active: float) -> Iterator[Finding]:
    """A constant negative bias that keeps a unit below zero on nearly all inputs."""
    found = signal(network)
    for operation in network.operations:
        if operation.kind not in RECTIFIERS or not operation.inputs:
            continue
        maker, given = operation.inputs[0].operation, found.entering(operation)
        bias = _bias(maker)
        if given is None or bias is None or given.mean >= 0:
            continue
        deviation = math.sqrt(max(given.square - given.mean**2, 0.0))
        active = 0.5 * math.erfc(-given.mean / deviation / math.sqrt(2)) if deviation > 0 else 0.0
        if active < fewest_active:
            yield _off(network, maker, bias, active)


def _bias(maker: Operation) -> Parameter | None:
    """The bias of a layer that starts as one negative number."""
    layer = maker.layer
    if layer is None or layer.kind != maker.kind or maker.kind not in ("linear", "conv", "conv_transpose"):
        return None
    bias = next((p for p in layer.parameters if p.name == "bias"), None)
    value = bias.initialization.arguments.get("value", 0.0) if bias is not None else 0.0
    return bias if value < 0 else None


def _off(network: Network, maker: Operation, bias: Parameter, active: float) -> Finding:
    value = bias.initialization.arguments["value"]
    return Finding(
        bias.initialization.place or layer_place(network, maker),
        f"with a bias of {value:g} units of {called(maker)} fire on {active:.1%} of inputs: ReLU stays 0",
        "start biases before ReLU at 0",
    )
