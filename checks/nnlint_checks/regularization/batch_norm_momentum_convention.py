"""NR313: the momentum of one library given to the batch norm of another."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import SAFE, WARNING, check
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.repair import Repair, SetArgument

LARGEST_SHARE = 0.9
"""Keras' usual momenta (0.9 to 0.99) taken for torch's, whose usual value is 0.1."""


@check("NR313", level=WARNING, fix=SAFE)
def batch_norm_momentum_convention(network: Network, *, share: float = LARGEST_SHARE) -> Iterator[Finding]:
    """Batch norm's running statistics are replaced with nearly every batch.

    Why: torch's momentum is the weight of the new batch, Keras' that of the old statistics: 0.1 here is 0.9
    there. With the other's value the statistics that evaluation uses are those of the last batch alone, and
    evaluation is noisy and bad.
    Source: PyTorch documentation of BatchNorm2d (note on momentum); Keras documentation of
    BatchNormalization.

    Options: share: the least weight of the newest batch (0.9) that is reported.

    Fires:
        Keras' usual value in torch.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3, bias=False),
            nn.BatchNorm2d(16, momentum=0.99),  # warning: [NR313]
            nn.ReLU(),
        )

        def run(x):
            return model(x)
        ```
        ```diff
        -    nn.BatchNorm2d(16, momentum=0.99),
        +    nn.BatchNorm2d(16, momentum=0.01),
        ```
        Torch's usual value in Keras.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(32, 32, 3)),
            layers.Conv2D(16, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.1),  # warning: [NR313]
            layers.ReLU(),
        ])
        model.compile("adam", loss="mse")
        ```
        ```diff
        -    layers.BatchNormalization(momentum=0.1),
        +    layers.BatchNormalization(momentum=0.9),
        ```
    Silent:
        Each library's own way; None averages over all batches.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3, bias=False),
            nn.BatchNorm2d(16, momentum=0.01),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, bias=False),
            nn.BatchNorm2d(16, momentum=None),
        )

        def run(x):
            return model(x)
        ```
        Each batch is normed by its own statistics, in evaluation as well.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(8, 8, bias=False),
            nn.BatchNorm1d(8, momentum=0.999, track_running_stats=False),
            nn.ReLU(),
        )

        def run(x):
            return model(x)
        ```
        A value that is only known when the program runs.
        ```python
        import sys

        from torch import nn

        model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8, momentum=1 - float(sys.argv[1])))
        ```
    """
    for layer in network.layers:
        weight = layer.attributes.get("momentum")
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            continue
        if layer.attributes.get("track_running_stats", True) is not True:
            continue  # it has no running statistics
        if layer.kind == "batch_norm" and share <= weight <= 1 and layer.proven:
            in_keras = layer.api.startswith("keras")
            written = round(1 - weight, 10) if in_keras else weight
            name = layer.api.rpartition(".")[2]
            yield Finding(
                layer.place,
                f"{name}(momentum={written:g}): each batch replaces {weight:.0%} of the running statistics",
                f"set momentum={0.9 if in_keras else 0.1}, or the complement of this value if that was meant",
                repairs=(_repair(layer.place, written),),
            )


def _repair(place: Place, written: float) -> Repair:
    """The complement of what is written."""
    other = f"{round(1 - written, 10):g}"
    return Repair((SetArgument(place, "momentum", (other,), 2, expected=(f"{written:g}",)),))
