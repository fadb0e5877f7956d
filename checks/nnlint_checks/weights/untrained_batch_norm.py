"""WT105: running statistics that nothing ever updated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nnlint.check import WARNING, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.network.untrained import untrained
from nnlint_checks.weights.layers import batch_norms, holds, matrices

FEWEST_VALUES = 32
STANDARD_ERRORS = 6.0
"""A sample's mean lies within so many standard errors of the law's, in any file of any size."""


@check("WT105", level=WARNING)
def untrained_batch_norm(weights: Weights) -> Iterator[Finding]:
    """Running mean 0 and variance 1 stand beside trained weights.

    Why: in evaluation the layer divides by statistics that were never taken: the network was trained with
    the batch's own and answers with others, mostly nonsense. The buffers were not saved or loaded, were
    reset, or the network was only ever in eval mode.
    Source: PyTorch documentation of BatchNorm2d: running_mean starts at 0, running_var at 1.

    Fires:
        Gain and shift have moved, the statistics have not.
        ```python generate
        import numpy as np

        # expect model.npz warning: [WT105]
        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc.weight": random.standard_t(4, (8, 8)), "norm.weight": random.normal(1, 0.1, 8)},
            **{"norm.bias": random.normal(0, 0.1, 8), "norm.running_mean": np.zeros(8)},
            **{"norm.running_var": np.ones(8)},
        )
        ```
    Silent:
        Nothing is trained: the whole network is as it was made.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        bound = 1 / np.sqrt(8)
        np.savez(
            "model.npz",
            **{"fc.weight": random.uniform(-bound, bound, (32, 8)), "norm.weight": np.ones(32)},
            **{"norm.bias": np.zeros(32), "norm.running_mean": np.zeros(32), "norm.running_var": np.ones(32)},
        )
        ```
    """
    layers = list(batch_norms(weights))
    fresh = [layer for layer in layers if holds(layer[0], 0.0) and holds(layer[1], 1.0)]
    moved = [layer for layer in fresh if _has_moved(layer[2], weights)]
    if moved and matrices(weights) and not untrained(weights):
        mean = moved[0][0]
        others = f" (and {len(moved) - 1} more of {len(layers)})" if len(moved) > 1 else ""
        yield Finding(
            mean.place,
            f"'{mean.name}'{others} is 0 and its variance 1 beside trained weights",
            "run training batches through the network in train mode, and save and load its buffers too",
        )


def _has_moved(layer: Mapping[str, StoredTensor], weights: Weights) -> bool:
    """Training has changed the layer itself, or the weights right before it (where the file keeps the order).

    Gains start at 1, or at 0 at the end of residual branches. Every law of initialisation has mean 0.
    """
    gain, shift = layer.get("weight"), layer.get("bias")
    if gain is not None and not (holds(gain, 1.0) or holds(gain, 0.0)):
        return True
    if shift is not None and not holds(shift, 0.0):
        return True
    at = weights.tensors.index(layer["running_mean"])
    before = [t for t in weights.tensors[:at] if t.role == "weight" and len(t.shape) >= 2]
    fits = weights.ordered and before and before[-1].shape[0] == layer["running_mean"].shape[0]
    return bool(fits) and _off_centre(before[-1])


def _off_centre(weight: StoredTensor) -> bool:
    count = math.prod(weight.shape)
    known = weight.mean is not None and bool(weight.deviation) and count >= FEWEST_VALUES
    return known and abs(weight.mean or 0.0) > STANDARD_ERRORS * (weight.deviation or 0.0) / math.sqrt(count)
