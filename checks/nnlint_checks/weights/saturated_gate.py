"""WT109: biases that outweigh all that comes in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nnlint.check import HINT, check
from nnlint.evidence.place import Place
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint_checks.weights.layers import biases_of, by_layer, matrices

SHARE = 0.1
OUTWEIGHS = 10.0
"""Standard deviations of the sum of inputs of size 1: no input of usual size brings the unit back."""
SMALLEST = 5.0
"""Sigmoid and tanh are flat from here on."""


@check("WT109", level=HINT)
def saturated_gate(
    weights: Weights, *, share: float = SHARE, outweighs: float = OUTWEIGHS
) -> Iterator[Finding]:
    """A tenth of a layer's biases or more are so large that the inputs hardly matter.

    Why: behind a sigmoid, a tanh or a ReLU such a unit is constant and gets no gradient.
    Layers whose units no other layer takes are outputs, which may start far below zero (a prior).
    Source: Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks;
    Lin et al. 2017, Focal Loss for Dense Object Detection, 4.1 (the prior).
    Options: share: of a layer's biases (0.1). outweighs: times by which a bias exceeds the spread of what
    comes in (10).

    Fires:
        Four biases of -50 beside weights of 0.1.
        ```python generate
        import numpy as np

        # expect model.npz hint: [WT109]
        random = np.random.default_rng(0)
        bias = random.standard_t(4, 16)
        bias[:4] = -50
        np.savez(
            "model.npz",
            **{"fc1.weight": 0.1 * random.standard_t(4, (16, 8)), "fc1.bias": bias},
            **{"fc2.weight": random.standard_t(4, (3, 16)), "fc2.bias": random.standard_t(4, 3)},
        )
        ```
    Silent:
        The last layer's bias is the prior of the classes.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc1.weight": 0.1 * random.standard_t(4, (16, 8)), "fc1.bias": random.standard_t(4, 16)},
            **{"fc2.weight": random.standard_t(4, (3, 16)), "fc2.bias": np.array([-60.0, -70, -80])},
        )
        ```
    """
    layers, spoken = by_layer(weights), set[Place]()
    known = matrices(weights)
    for tensor in known[:-1]:
        biases, units = biases_of(tensor, layers.get(tensor.layer, {})), tensor.units
        if not biases or units is None or any(len(b.values) != len(units.norms) for b in biases):
            continue
        bias = max(biases, key=lambda b: max(map(abs, b.values), default=0.0))
        values = [sum(each) for each in zip(*(b.values for b in biases), strict=True)]
        if max(map(abs, values), default=0.0) <= SMALLEST or bias.place in spoken:
            continue
        if not _is_read(tensor, known):
            continue
        spread = [norm * math.sqrt(units.size) for norm in units.norms]
        pairs = zip(values, spread, strict=True)
        stuck = sum(math.inf > abs(b) > max(SMALLEST, outweighs * s) for b, s in pairs if s > 0.0)
        if stuck and stuck >= share * len(spread):
            spoken.add(bias.place)
            yield Finding(
                bias.place,
                f"{stuck} of {len(spread)} biases in '{bias.name}' outweigh the weights {outweighs:g} times",
                "scale the inputs, lower the learning rate, or set the biases to zero and train on",
            )


def _is_read(tensor: StoredTensor, known: Sequence[StoredTensor]) -> bool:
    """Some layer takes as many inputs as it has units, as they are or flattened: they are no outputs.

    Outputs of detectors start from biases far below zero, so that nothing is found at first.
    """
    units = len(tensor.units.norms) if tensor.units else 0
    if tensor.consumer == "rnn":
        return True
    taken = [(t, len(t.inputs.norms)) for t in known if t is not tensor and t.inputs is not None]
    flattened = len(tensor.shape) > 2
    return any(n == units or (flattened and len(t.shape) == 2 and n % units == 0) for t, n in taken)
