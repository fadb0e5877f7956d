"""Stretches of a network in which nothing but layers, activations and pooling changes the signal."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place, Step
from nnlint.network.graph import Initialization, Network, Operation, Parameter
from nnlint.network.operations import Family, family
from nnlint.network.signal import Signal, signal, weighs

PLAIN = frozenset({"linear", "conv", "conv_transpose", "matmul"})
PASSING = frozenset({Family.ACTIVATION, Family.DROPOUT, Family.POOL, Family.MOVE})
ADDED_TO = frozenset({"add", "subtract", "multiply", "divide"})
KNOWN_LAWS = frozenset({"default", "loaded", "unknown", "uninitialized"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive operations on the network's longest way; ``layers`` are those with weights."""

    signal: Signal
    operations: tuple[Operation, ...]

    @property
    def layers(self) -> tuple[Operation, ...]:
        """The weighted layers, in order."""
        return tuple(o for o in self.operations if weighs(o))

    @property
    def forward(self) -> float | None:
        """Standard deviation of what the last layer gives over that of what the first one reads."""
        layers = self.layers
        return self.signal.forward_gain(layers[0], layers[-1]) if layers else None

    @property
    def backward(self) -> float | None:
        """Norm of the gradient at the first layer over that at the last one."""
        layers = self.layers
        return self.signal.backward_gain(layers[0], layers[-1]) if layers else None


def stretches(network: Network) -> Iterator[Stretch]:
    """Those of the longest way, cut at norms, residual sums, joins, where a value leaves the network on the
    way (it has a loss of its own there), and at whatever is not known.
    """
    found = signal(network)
    leave = {t.operation.number for t in network.outputs}
    current: list[Operation] = []
    for operation in found.way:
        plain = _plain(operation)
        current += [operation] if plain else []
        if not plain or operation.number in leave:
            yield Stretch(found, tuple(current))
            current = []
    yield Stretch(found, tuple(current))


def deepest(network: Network) -> Stretch | None:
    """The stretch with most weighted layers."""
    return max(stretches(network), key=lambda s: len(s.layers), default=None)


def _plain(operation: Operation) -> bool:
    if operation.kind in PLAIN:
        return weighs(operation)
    if operation.kind in ADDED_TO:
        return sum(t.operation.kind not in ("parameter", "constant") for t in operation.inputs) == 1
    return family(operation) in PASSING or operation.kind in ("mean", "max")


def next_layer(stretch: Stretch, activation: Operation) -> bool:
    """Behind it, but for moves, dropout and pooling, comes a weighted layer or the end of the way."""
    behind = stretch.operations[stretch.operations.index(activation) + 1 :]
    for operation in behind:
        if weighs(operation):
            return True
        if family(operation) not in (Family.MOVE, Family.DROPOUT, Family.POOL):
            return False
    return bool(stretch.signal.way) and stretch.operations[-1] is stretch.signal.way[-1]


def weight_of(network: Network, operation: Operation) -> Parameter | None:
    """The matrix of a weighted layer."""
    layer = operation.layer
    if layer is not None and layer.kind == operation.kind:
        return next((p for p in layer.parameters if p.name in ("weight", "kernel")), None)
    used = {t.operation.number for t in operation.inputs if t.operation.kind == "parameter"}
    owned = (p for layer in network.layers if layer.kind == "custom" for p in layer.parameters)
    return next((p for p in owned if p.source in used and (p.shape.rank or 2) > 1), None)


def chosen_initialization(network: Network, operation: Operation) -> Initialization | None:
    """The initialisation that the program itself chose for a layer, None where it is the library's.

    What Keras takes by default counts as the library's, also where the program names it.
    """
    weight = weight_of(network, operation)
    if weight is None or weight.initialization.kind in KNOWN_LAWS:
        return None
    if weight.name == "kernel" and weight.initialization.kind == "xavier_uniform":
        return None
    return weight.initialization


def layer_place(network: Network, operation: Operation) -> Place:
    """Where a weighted layer is built."""
    if operation.layer is not None and operation.layer.kind == operation.kind:
        return operation.layer.place
    weight = weight_of(network, operation)
    return weight.place if weight is not None and weight.place is not None else operation.place


def initialised_at(network: Network, stretch: Stretch) -> Place:
    """Where the program chose the weights of its middle layer, else where its first layer is built."""
    layers = stretch.layers
    chosen = chosen_initialization(network, layers[len(layers) // 2])
    return (chosen.place if chosen is not None else None) or layer_place(network, layers[0])


def called(operation: Operation) -> str:
    """The layer's name in the network, or what it does."""
    return operation.name or operation.kind


def ends(network: Network, stretch: Stretch) -> tuple[Step, ...]:
    """The trail: from the first layer to the last."""
    layers = stretch.layers
    steps = [
        Step(layer_place(network, layers[0]), f"{called(layers[0])} is the first of {len(layers)} layers")
    ]
    steps.append(Step(layer_place(network, layers[-1]), f"{called(layers[-1])} is the last of them"))
    return tuple(steps) if steps[0].place != steps[1].place else tuple(steps[:1])


def shown(gain: float) -> str:
    """``3e-9``, ``0.02``, ``150``."""
    if gain > 1e30:
        return "more than 1e30"
    if 1e-3 <= gain < 1e4:
        return f"{gain:.2g}" if gain < 10 else f"{gain:.0f}"
    digits, _, exponent = f"{gain:.0e}".partition("e")
    return f"{digits}e{int(exponent)}"
