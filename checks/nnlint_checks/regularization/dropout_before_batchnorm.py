"""NR304: batch norm learns the variance of values that evaluation does not see."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import UNSAFE, WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family
from nnlint.network.wiring import before
from nnlint_checks.head.left_out import left_out
from nnlint_checks.regularization.dropping import drops, rate_of

BETWEEN = (Family.ACTIVATION, Family.MOVE)


@check("NR304", level=WARNING, fix=UNSAFE)
def dropout_before_batchnorm(network: Network) -> Iterator[Finding]:
    """Dropout comes before batch norm, with nothing but an activation between.

    Why: dropout at rate p multiplies the second moment of its input by 1/(1 - p), in training only. Batch
    norm's running variance is that of training; in evaluation, where nothing is dropped, it divides by too
    large a value, and everything after it is off.
    Source: Li et al. 2019, "Understanding the Disharmony between Dropout and Batch Normalization by Variance
    Shift"; PyTorch documentation of Dropout and BatchNorm1d.

    Fires:
        Directly, and through an activation.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 64),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.BatchNorm1d(64),  # warning: [NR304]
            nn.Linear(64, 64),
            nn.Dropout(0.3),
            nn.ReLU(),
            nn.BatchNorm1d(64),  # warning: [NR304]
            nn.Linear(64, 3),
        )

        def run(x):
            return model(x)
        ```
        ```diff
        -    nn.Dropout(0.5),
        -    nn.Dropout(0.3),
        ```
    Silent:
        The other way round; and layer norm, which keeps no statistics.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(64, 64),
            nn.Dropout(0.1),
            nn.LayerNorm(64),
            nn.ReLU(),
            nn.Linear(64, 3),
        )

        def run(x):
            return model(x)
        ```
        A rate of 0 drops nothing.
        ```python
        from torch import nn

        def block(width, p=0.0):
            return nn.Sequential(nn.Linear(width, width), nn.Dropout(p), nn.BatchNorm1d(width), nn.ReLU())

        model = block(64)

        def run(x):
            return model(x)
        ```
    """
    for norm in network.operations:
        way = list(before(norm, BETWEEN)) if norm.kind == "batch_norm" else []
        if way and way[-1].kind == "dropout" and drops(way[-1]):
            yield _finding(way[-1], norm)


def _finding(dropout: Operation, norm: Operation) -> Finding:
    place = home(Tensor(dropout))
    name = f"{api(dropout)}({rate_of(dropout)})"
    return Finding(
        home(Tensor(norm)),
        f"{api(norm)} after {name}: its running variance is too large in evaluation",
        "move the dropout behind the batch norm and its activation",
        (Step(place, "drops in training only"),),
        repairs=left_out(Tensor(dropout)),
    )
