"""WT108: a layer that training did not touch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nnlint.check import HINT, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.network.untrained import Law, law_of, training_shows, untrained
from nnlint_checks.weights.layers import biases_of, by_layer, matrices

FEWEST_VALUES = 512
"""Smaller tensors meet some law of initialisation by chance."""
FEWEST_NORMAL = 2**14
"""So do smaller ones a normal law, which only a deviation tells."""


@check("WT108", level=HINT)
def untrained_layer(weights: Weights, *, fewest_values: int = FEWEST_VALUES) -> Iterator[Finding]:
    """A layer's weights are distributed as they were made, while others have moved.

    Why: the layer may be frozen, not used in forward, missing from the optimiser, or new on a pretrained
    network and never trained.
    Source: documentation of torch.nn.init and keras.initializers, whose laws the weights are compared with.
    Options: fewest_values: smaller tensors meet some law of initialisation by chance (512).

    Fires:
        The last layer is as PyTorch makes it, the first is not.
        ```python generate
        import numpy as np

        # expect model.npz hint: [WT108]
        random = np.random.default_rng(0)
        bound = 1 / np.sqrt(64)
        np.savez(
            "model.npz",
            **{"fc1.weight": random.standard_t(4, (64, 64)), "fc1.bias": random.standard_t(4, 64)},
            **{"fc2.weight": random.uniform(-bound, bound, (16, 64))},
        )
        ```
    Silent:
        Both layers have moved.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc1.weight": random.standard_t(4, (64, 64)), "fc1.bias": random.standard_t(4, 64)},
            **{"fc2.weight": random.standard_t(4, (16, 64)), "fc2.bias": random.standard_t(4, 16)},
        )
        ```
    """
    if untrained(weights):
        return
    layers, known = by_layer(weights), matrices(weights)
    large = [t for t in known if math.prod(t.shape) >= fewest_values]
    fresh = [t for t in large if _is_fresh(t, layers.get(t.layer, {}))]
    if len(fresh) > len(known) / 2:  # a network in its first steps, or with laws of its own
        return
    if fresh and not training_shows(weights):  # what is not like it may be a chance sample, too
        return
    for tensor in fresh:
        yield Finding(
            tensor.place,
            f"'{tensor.name}' is distributed as at initialisation (deviation {tensor.deviation:.3g})",
            "see that the layer is used in forward and that the optimizer has its parameters",
        )


def _is_fresh(tensor: StoredTensor, layer: Mapping[str, StoredTensor]) -> bool:
    bound = max(math.sqrt(n / math.prod(tensor.shape)) for n in tensor.shape[:2])
    law = law_of(tensor)
    telling = law is Law.UNIFORM or (law is Law.NORMAL and math.prod(tensor.shape) >= FEWEST_NORMAL)
    return telling and all(_within(bias, bound) for bias in biases_of(tensor, layer))


def _within(bias: StoredTensor, bound: float) -> bool:
    if bias.minimum is None or bias.maximum is None:  # not one of its values is a number
        return False
    return max(-bias.minimum, bias.maximum) <= bound
