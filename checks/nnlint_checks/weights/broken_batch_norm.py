"""WT106: running variances that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.weights import Weights
from nnlint.finding import Finding
from nnlint_checks.weights.layers import batch_norms, holds


@check("WT106", level=ERROR)
def broken_batch_norm(weights: Weights) -> Iterator[Finding]:
    """A batch norm's running variance is negative, or zero throughout.

    Why: the layer divides by the variance's root: NaN where it is negative, and values hundreds of times too
    large where it is zero. It is left by weights that were edited, averaged or converted wrongly, or by data
    that were constant.
    Source: Ioffe and Szegedy 2015; PyTorch documentation of BatchNorm2d (running_var).

    Fires:
        Averaging went wrong: a variance is below zero.
        ```python generate
        import numpy as np

        # expect model.npz error: [WT106]
        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc.weight": random.standard_t(4, (8, 8)), "norm.weight": random.standard_t(4, 8)},
            **{"norm.bias": random.standard_t(4, 8), "norm.running_mean": random.standard_t(4, 8)},
            **{"norm.running_var": np.array([0.5, 0.2, -0.01, 1, 2, 0.3, 0.7, 0.1])},
        )
        ```
    Silent:
        Some channels are constant: their variance is zero.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc.weight": random.standard_t(4, (8, 8)), "norm.weight": random.standard_t(4, 8)},
            **{"norm.bias": random.standard_t(4, 8), "norm.running_mean": random.standard_t(4, 8)},
            **{"norm.running_var": np.array([0.5, 0.2, 0, 1, 2, 0.3, 0, 0.1])},
        )
        ```
    """
    for _, variance, _ in batch_norms(weights):
        negative = sum(v < 0.0 for v in variance.values)
        if (variance.minimum or 0.0) < 0.0:
            found = f"{negative} of {variance.shape[0]} running variances in '{variance.name}' are negative"
        elif holds(variance, 0.0):
            found = f"all {variance.shape[0]} running variances in '{variance.name}' are 0"
        else:
            continue
        yield Finding(
            variance.place,
            found,
            "compute the statistics anew: run training batches through the network in train mode",
        )
