"""AR606: layers far wider, far narrower or far fewer than the task asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api
from nnlint.network.operations import Family, family
from nnlint.network.size import same
from nnlint.network.wiring import Wiring, wiring
from nnlint.pattern import pattern
from nnlint_checks.architecture.layer_sizes import made_at, widths
from nnlint_checks.architecture.rows import Row, rows
from nnlint_checks.head.training_losses import training_uses

WIDEST = 10_000
"""More units in a hidden layer than in networks that are commonly trained: 4096 in VGG and AlexNet."""
NARROWEST = 16
"""How many times narrower than both neighbours: more than the squeeze of SE blocks, whose ratio is 16."""
SHALLOWEST = 2
CODES = pattern(
    r"encod|decod|latent|bottleneck|code|lora|squeeze|low_?rank|adapt|proj|emb|vae|reduc|gate", re.I
)
"""Names of parts that are narrow on purpose."""
CLASSIFIES = (
    "cross_entropy",
    "nll",
    "categorical_nll",
    "sparse_categorical_nll",
    "categorical_cross_entropy",
)
IMAGE_RANK = 4  # (N, C, H, W)


@check("AR606", level=HINT)
def capacity_out_of_range(
    recipe: Recipe, *, widest: int = WIDEST, narrowest: int = NARROWEST
) -> Iterator[Finding]:
    """A hidden layer is extremely wide or narrow, or images are classified by one or two layers.

    Why: a layer ten times wider than needed costs memory and overfits; one far narrower than its neighbours
    lets almost nothing of what was computed pass; one or two layers cannot tell images apart but for the
    simplest.
    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", sections 6.4 and 11.4.

    Options: widest: most units of a hidden layer (10 000); narrowest: how many times narrower than both
    neighbours a hidden layer may be (16).

    Fires:
        A hidden layer of 20 000 units, and one of 4 between 256 and 128.
        ```python
        import torch
        from torch import nn

        wide = nn.Sequential(nn.Linear(100, 20000), nn.ReLU(), nn.Linear(20000, 10))  # hint: [AR606]
        narrow = nn.Sequential(
            nn.Linear(100, 256),
            nn.ReLU(),
            nn.Linear(256, 4),  # hint: [AR606]
            nn.ReLU(),
            nn.Linear(4, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
        x, y = torch.randn(8, 100), torch.zeros(8).long()
        for model in (wide, narrow):
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=0.01)
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
    Silent:
        A head over a large vocabulary, and usual widths.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(100, 512), nn.ReLU(), nn.Linear(512, 30000))
        optimizer = torch.optim.Adam(model.parameters(), weight_decay=0.01)
        loss = nn.functional.cross_entropy(model(torch.randn(8, 100)), torch.zeros(8).long())
        loss.backward()
        optimizer.step()
        ```
        An autoencoder is narrow in the middle.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 4), nn.ReLU(), nn.Linear(4, 256), nn.ReLU(),
            nn.Linear(256, 784),
        )
        optimizer = torch.optim.Adam(model.parameters(), weight_decay=0.01)
        x = torch.rand(8, 784)
        loss = nn.functional.mse_loss(model(x), x)
        loss.backward()
        optimizer.step()
        ```
    """
    for network in recipe.models.values():
        wired = wiring(network)
        for row in rows(network):
            yield from _too_wide(row, wired, widest)
            yield from _too_narrow(row, network, narrowest)
    for network in _of_images(recipe):
        yield from _too_shallow(network)


def _too_wide(row: Row, wired: Wiring, widest: int) -> Iterator[Finding]:
    for operation in row.operations:
        out = widths(operation)[1] if operation.kind == "linear" else None
        if isinstance(out, int) and out > widest and _is_hidden(operation, wired):
            yield Finding(
                made_at(operation),
                f"{api(operation)} has {out} hidden units",
                f"start with a few hundred units, and stay below {widest}",
            )


def _is_hidden(operation: Operation, wired: Wiring) -> bool:
    """Its units go through an activation into another linear layer, with no map made of them between."""
    reader = wired.only_reader(operation)
    while reader is not None and family(reader) in (Family.ACTIVATION, Family.DROPOUT, Family.NORM):
        reader = wired.only_reader(reader)
    return reader is not None and reader.kind == "linear"


def _too_narrow(row: Row, network: Network, narrowest: int) -> Iterator[Finding]:
    layers = [o for o in row.layers() if o.kind == "linear"]
    if CODES.search(network.name) or _reconstructs(layers):
        return
    for before, present, after in zip(layers, layers[1:], layers[2:], strict=False):
        sizes = [widths(o)[1] for o in (before, present, after)]
        left, middle, right = sizes
        if not (isinstance(left, int) and isinstance(middle, int) and isinstance(right, int)):
            continue
        hidden = after is not layers[-1] or not row.last
        if hidden and middle and min(left, right) > narrowest * middle and not CODES.search(present.name):
            yield Finding(
                made_at(present),
                f"{api(present)} with {middle} units between layers of {left} and {right}",
                "give it a width between those of its neighbours",
            )


def _reconstructs(layers: list[Operation]) -> bool:
    """As many values come out of the row as went in."""
    return bool(layers) and same(widths(layers[0])[0], widths(layers[-1])[1]) is not False


def _of_images(recipe: Recipe) -> Iterator[Network]:
    """Networks that are trained to tell classes of images apart."""
    for use in training_uses(recipe, CLASSIFIES):
        network = use.network
        if network is not None and network.understood and any(_is_image(t) for t in network.inputs):
            yield network


def _is_image(tensor: Tensor) -> bool:
    channels = (tensor.shape.axis(1), tensor.shape.axis(-1))
    return tensor.shape.rank == IMAGE_RANK and (1 in channels or 3 in channels)  # grey or colour


def _too_shallow(network: Network) -> Iterator[Finding]:
    weighted = {id(o.layer): o for o in network.operations if family(o) is Family.WEIGHTED}
    if 0 < len(weighted) <= SHALLOWEST:
        what = "one layer" if len(weighted) == 1 else f"{len(weighted)} layers"
        yield Finding(
            network.place,
            f"{network.name} classifies images with {what}",
            "use a few convolutions with pooling before the linear layers",
        )
