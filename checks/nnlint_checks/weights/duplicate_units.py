"""WT107: units of a layer that are copies of one another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.weights.layers import matrices, may_be_depthwise, reads_one_channel

SHARE = 0.05
"""Of the units; two that are alike in a wide layer are a curiosity."""
REPEATED = pattern(
    r"(^|[._/])(k|v|kv|qkv|key|value|in|query)_?(proj|lin)?($|[._/])|upsampl|upscor|deconv", re.IGNORECASE
)
"""Keys and values that several heads share are stored for each; upsampling starts as a fixed filter."""


@check("WT107", level=WARNING)
def duplicate_units(weights: Weights, *, share: float = SHARE) -> Iterator[Finding]:
    """Units of a layer have exactly the same weights.

    Why: units that start alike get the same gradient and stay alike: the layer is as wide as it has different
    units. It comes of constant initialisation, tiled or repeated weights, and copies that were loaded twice.
    Source: Goodfellow et al. 2016, Deep Learning, 8.4.
    Options: share: of a layer's units that are copies (0.05).

    Fires:
        Half of the filters repeat the other half.
        ```python generate
        import numpy as np

        # expect model.npz warning: [WT107]
        random = np.random.default_rng(0)
        half = random.standard_t(4, (4, 3, 3, 3))
        np.savez(
            "model.npz",
            **{"conv.weight": np.concatenate([half, half]), "conv.bias": random.standard_t(4, 8)},
            **{"fc.weight": random.standard_t(4, (3, 8)), "fc.bias": random.standard_t(4, 3)},
        )
        ```
    Silent:
        Binary weights: among few values some units are alike by chance.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"conv.weight": random.choice([-1.0, 1.0], (64, 1, 3, 3))},
            **{"conv.bias": random.standard_t(4, 64)},
            **{"fc.weight": random.standard_t(4, (3, 64)), "fc.bias": random.standard_t(4, 3)},
        )
        ```
    """
    for tensor in matrices(weights):
        slices = tensor.units
        if slices is None or tensor.constant or _fixed(tensor, weights):
            continue
        copies = sum(len(group) - 1 for group in slices.copies)
        total = len(slices.norms)
        if copies and (copies >= share * total or len(max(slices.copies, key=len)) == total):
            first, second, *_ = slices.copies[0]
            yield Finding(
                tensor.place,
                f"{copies} of {total} units of '{tensor.name}' are copies of others ({second} of {first})",
                "initialise the layer at random, and see that weights are loaded into the right rows",
            )


def _fixed(tensor: StoredTensor, weights: Weights) -> bool:
    """A fixed filter for each channel alike (blurring, upsampling), or weights that heads share."""
    whole = tensor.units is not None and any(len(g) == len(tensor.units.norms) for g in tensor.units.copies)
    window = math.prod(tensor.shape[2:])
    alone = whole and window > 1 and reads_one_channel(tensor) and may_be_depthwise(tensor, weights)
    return alone or REPEATED.search(tensor.layer) is not None
