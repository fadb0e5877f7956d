"""NR303: a bias that batch norm takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, SAFE, UNSAFE, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.wiring import wiring
from nnlint.repair import Fix, Repair, SetArgument

BIASED = ("linear", "conv", "conv_transpose")


@check("NR303", level=HINT, fix=SAFE)
def bias_before_batchnorm(network: Network) -> Iterator[Finding]:
    """A layer with a bias is followed directly by batch norm.

    Why: batch norm subtracts the mean of the batch, and with it whatever constant was added before. The bias
    gets no gradient; it costs memory and hides that batch norm's own shift does its work.
    Source: Ioffe and Szegedy 2015, "Batch Normalization", section 3.2.

    Fires:
        The bias is on by default.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3),  # hint: [NR303]
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 10, 3),
        )

        def run(x):
            return model(x)
        ```
        ```diff
        -    nn.Conv2d(3, 16, 3),
        +    nn.Conv2d(3, 16, 3, bias=False),
        ```
    Silent:
        Turned off; and layer norm, which takes away the mean over the units, keeps what differs between them.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 30 * 30, 64),
            nn.LayerNorm(64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

        def run(x):
            return model(x)
        ```
        The activation stands between: a unit's bias decides when it fires.
        ```python
        from torch import nn

        model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.BatchNorm2d(16), nn.Conv2d(16, 10, 3))

        def run(x):
            return model(x)
        ```
    """
    wired = wiring(network)
    for norm in network.operations:
        maker = norm.inputs[0].operation if norm.kind == "batch_norm" and norm.inputs else None
        if maker is not None and wired.only_reader(maker) is norm and maker.layer and _biased(maker):
            built = sum(layer.place == maker.layer.place for layer in network.layers)
            yield _finding(maker, maker.layer, norm, SAFE if built == 1 else UNSAFE)


def _biased(maker: Operation) -> bool:
    """A layer that is known to have a bias."""
    if maker.kind not in BIASED or maker.layer is None or not maker.proven:
        return False
    return any(p.name == "bias" and isinstance(p.size, int) for p in maker.layer.parameters)


def _without(layer: Layer, option: str) -> SetArgument:
    return SetArgument(layer.place, option, ("False",), expected=("", "True"))


def _finding(maker: Operation, layer: Layer, norm: Operation, safety: Fix) -> Finding:
    """What builds several layers may build some that no norm follows: then the repair needs a look."""
    option = "use_bias=False" if layer.api.startswith("keras") else "bias=False"
    return Finding(
        layer.place,
        f"{api(maker)} has a bias that {api(norm)} right after it takes away",
        f"construct {api(maker)} with {option}",
        (Step(home(Tensor(norm)), f"{api(norm)} subtracts the mean"),),
        repairs=(Repair((_without(layer, option.partition("=")[0]),), safety),),
    )
