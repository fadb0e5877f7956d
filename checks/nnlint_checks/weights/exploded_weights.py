"""WT104: stored weights that are far too large."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.weights.layers import matrices

LARGEST = 1e4
"""Weights of trained networks, outliers of large language models included, stay below some hundreds."""
LARGEST_BIAS = 1e6
"""The last bias of a regression is as large as its target."""
STATISTICS = frozenset({"running_mean", "running_var"})
TABLE = pattern(
    r"mask|freq|scale|zero_point|anchor|grid|coord|stride|alibi|rel_pos|filter|window|pos_?emb", re.IGNORECASE
)
"""Tensors that hold marks, sizes and places instead of weights."""


@check("WT104", level=WARNING)
def exploded_weights(
    weights: Weights, *, largest: float = LARGEST, largest_bias: float = LARGEST_BIAS
) -> Iterator[Finding]:
    """A stored weight is beyond 10 000.

    Why: training ran away before the file was saved: the outputs are huge, squashed ones are constant, and
    in half precision they overflow.
    Source: Pascanu et al. 2013, On the difficulty of training recurrent neural networks; weights of
    published checkpoints.
    Options: largest: magnitude of a weight (10 000). largest_bias: of a bias, which may have the units of the
    data (1 000 000).

    Fires:
        The head ran away.
        ```python generate
        import numpy as np

        # expect model.npz warning: [WT104]
        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc1.weight": random.standard_t(4, (16, 8)), "fc1.bias": random.standard_t(4, 16)},
            **{"fc2.weight": random.standard_t(4, (3, 16)) * 1e5, "fc2.bias": random.standard_t(4, 3)},
        )
        ```
    Silent:
        Running statistics of unscaled inputs, and the last bias of a regression on prices.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"norm.weight": random.standard_t(4, 8), "norm.bias": random.standard_t(4, 8)},
            **{"norm.running_mean": random.normal(3e4, 1e3, 8)},
            **{"norm.running_var": random.uniform(1e6, 1e7, 8)},
            **{"fc1.weight": random.standard_t(4, (16, 8)), "fc1.bias": random.standard_t(4, 16)},
            **{"fc2.weight": random.standard_t(4, (1, 16)), "fc2.bias": np.array([215_000.0])},
        )
        ```
    """
    if len(matrices(weights)) < 2:  # a linear model: its weights have the units of the data
        return
    for tensor in weights.tensors:
        size = max(abs(tensor.minimum or 0.0), abs(tensor.maximum or 0.0))
        limit = largest_bias if tensor.role == "bias" else largest
        if size > limit and _is_trained(tensor):
            yield Finding(
                tensor.place,
                f"weights of '{tensor.name}' reach {size:.3g}; trained ones stay far below {limit:g}",
                "go back to an earlier checkpoint and train on with a smaller step and clipped gradients",
            )


def _is_trained(tensor: StoredTensor) -> bool:
    known = tensor.role in ("weight", "bias", "norm", "embedding") and tensor.parameter not in STATISTICS
    table = tensor.constant or TABLE.search(tensor.name) is not None
    return known and not table and "int" not in tensor.dtype
