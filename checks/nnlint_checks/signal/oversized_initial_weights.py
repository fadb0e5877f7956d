"""SP202: initial weights so large that what reads the sum is saturated from the start."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nnlint.check import WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family
from nnlint.network.signal import Signal, signal, weighs
from nnlint_checks.signal.stretches import called, chosen_initialization, layer_place, shown, weight_of

OVERSIZED = 4.0
"""A layer that multiplies the deviation by so much: twice He's factor and more (He et al. 2015)."""
SATURATED: Mapping[str, float] = {
    "sigmoid": 6.0,
    "tanh": 3.0,
    "hardtanh": 3.0,
    "hardsigmoid": 6.0,
    "softmax": 8.0,
}
"""Deviation from which on two of three values lie where the derivative is below 2 % of its largest."""
LARGEST_SCORES = 10.0
"""Scores of this deviation give a cross-entropy of 50 where log(classes) is the loss of not knowing."""
FOLLOWED = frozenset(
    {"relu", "leaky_relu", "elu", "gelu", "silu", "selu", "add", "subtract", "concat", "prelu"}
)
MOVED = frozenset({Family.MOVE, Family.DROPOUT, Family.POOL})


@dataclass(frozen=True)
class Victim:
    """An operation whose input has a deviation that it cannot use; a layer whose own result has."""

    operation: Operation
    deviation: float


@check("SP202", level=WARNING)
def oversized_initial_weights(
    network: Network, *, oversized: float = OVERSIZED, largest_scores: float = LARGEST_SCORES
) -> Iterator[Finding]:
    """Initial weights are so large for the width that activations or scores are saturated from the start.

    Why: a layer adds up as many products as it has inputs; with weights of deviation 1 the sum over 784 of
    them has a deviation of 28. Sigmoid and tanh have no slope there, and a softmax is sure of a random class:
    the first loss is huge, or the gradient is zero.
    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6; Glorot and Bengio 2010.
    Options: oversized: times by which a layer makes values larger (4). largest_scores: deviation of scores
    from which on softmax and sigmoid saturate (10).

    Fires:
        A standard normal law on wide layers.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(784, 256)
                self.fc2 = nn.Linear(256, 10)
                for layer in (self.fc1, self.fc2):
                    nn.init.normal_(layer.weight)  # warning: [SP202]

            def forward(self, x):
                return self.fc2(torch.sigmoid(self.fc1(x)))

        def run(x):
            return Net()(x)
        ```
        Parameters made by hand.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w1 = nn.Parameter(torch.randn(784, 128))  # warning: [SP202]
                self.b1 = nn.Parameter(torch.zeros(128))
                self.w2 = nn.Parameter(torch.randn(128, 10) / 128**0.5)

            def forward(self, x):
                return torch.tanh(x @ self.w1 + self.b1) @ self.w2

        def run(x):
            return Net()(x)
        ```
    Silent:
        Scaled to the number of inputs.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w1 = nn.Parameter(torch.randn(784, 128) / 784**0.5)
                self.b1 = nn.Parameter(torch.zeros(128))
                self.w2 = nn.Parameter(torch.randn(128, 10) * 0.09)

            def forward(self, x):
                return torch.tanh(x @ self.w1 + self.b1) @ self.w2

        def run(x):
            return Net()(x)
        ```
        Normalised right behind.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(784, 256, bias=False)
                self.norm = nn.BatchNorm1d(256)
                self.fc2 = nn.Linear(256, 10)
                nn.init.normal_(self.fc1.weight)

            def forward(self, x):
                return self.fc2(torch.sigmoid(self.norm(self.fc1(x))))

        def run(x):
            return Net()(x)
        ```
    """
    if not network.understood or network.framework == "onnx":  # stored ones may have grown in training
        return
    found = signal(network)
    told: set[object] = set()
    for victim in _victims(network, found, largest_scores):
        causes = [o for o in _behind(victim.operation) if _gain(network, found, o) >= oversized]
        for layer in causes[:1]:
            finding = _finding(network, layer, victim)
            if finding.place not in told:
                told.add(finding.place)
                yield finding


def _victims(network: Network, found: Signal, largest_scores: float) -> Iterator[Victim]:
    for operation in network.operations:
        if operation.kind in SATURATED:
            given = found.entering(operation)
            deviation = math.sqrt(max(given.square - given.mean**2, 0.0)) if given else 0.0
            if deviation >= SATURATED[operation.kind]:
                yield Victim(operation, deviation)
    for head in found.heads:
        made = found.forward.get(head.number)
        if made is not None and math.sqrt(made.square) >= largest_scores:
            yield Victim(head, math.sqrt(made.square))


def _behind(operation: Operation) -> Iterator[Operation]:
    """The weighted layers whose sums reach an operation without a norm or a bounded activation between."""
    seen: set[int] = set()
    todo = [operation]
    while todo:
        current = todo.pop(0)
        if current.number in seen:
            continue
        seen.add(current.number)
        if weighs(current):
            yield current
        if current is operation or weighs(current) or current.kind in FOLLOWED or family(current) in MOVED:
            todo.extend(t.operation for t in current.inputs)


def _gain(network: Network, found: Signal, layer: Operation) -> float:
    """How much a trainable layer multiplies what it reads by; 0 where that is not known."""
    weight = weight_of(network, layer)
    before, after = found.entering(layer), found.forward.get(layer.number)
    if weight is None or weight.trainable is False or before is None or after is None or before.square <= 0:
        return 0.0
    return math.sqrt(after.square / before.square)


def _finding(network: Network, layer: Operation, victim: Victim) -> Finding:
    chosen = chosen_initialization(network, layer)
    place = chosen.place if chosen is not None and chosen.place is not None else layer_place(network, layer)
    weight = weight_of(network, layer)
    std = f" (std={chosen.arguments['std']:g})" if chosen is not None and "std" in chosen.arguments else ""
    scores = weighs(victim.operation)
    reached = "scores" if scores else f"the values into {victim.operation.kind}"
    message = (
        f"weights of {called(layer)}{std} start so large that {reached} spread by ±{shown(victim.deviation)}"
    )
    steps = [Step(layer_place(network, layer), f"{called(layer)} sums over {_terms(weight)}")]
    if not scores:
        steps.append(Step(victim.operation.place, f"{victim.operation.kind} is saturated here"))
    return Finding(
        place,
        message,
        "divide the deviation by √fan-in: xavier_normal_ for sigmoid and tanh, kaiming_normal_ for ReLU",
        trail=tuple(s for s in steps if s.place != place),
    )


def _terms(weight: object) -> str:
    shape = getattr(weight, "shape", None)
    return f"weights of shape {shape}"
