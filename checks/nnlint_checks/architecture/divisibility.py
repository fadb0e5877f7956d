"""AR618: channels, heads and groups that do not divide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from nnlint.check import ERROR, check
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.layouts import wanted_sizes
from nnlint.network.lookback import api, home
from nnlint.network.shape import Shape
from nnlint.network.size import product
from nnlint_checks.architecture.meeting import first_conflict, shortened, trail

PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "conv": (("in_channels", "groups"), ("out_channels", "groups")),
    "conv_transpose": (("in_channels", "groups"), ("out_channels", "groups")),
    "group_norm": (("features", "groups"),),
    "attention": (("embed_dim", "heads"),),
    "transformer": (("embed_dim", "heads"),),
}
"""Kind -> what must be a multiple of what. Source: the layers' pages in PyTorch and Keras."""
WRITTEN = {
    "features": {"GroupNorm": "num_channels"},
    "heads": {"MultiheadAttention": "num_heads", "": "nhead"},
    "embed_dim": {"MultiheadAttention": "embed_dim", "": "d_model"},
    "out_channels": {"Conv1D": "filters", "Conv2D": "filters", "Conv3D": "filters"},
    "groups": {"GroupNorm": "num_groups"},
}
"""Attribute -> how the layer's class calls it, "" for the others; else as the attribute."""


@check("AR618", level=ERROR, over=("AR601",))
def divisibility(network: Network) -> Iterator[Finding]:
    """Channels are no multiple of the groups, the width none of the heads.

    Why: groups and heads are equal parts. The library raises an error when the layer is made, or when the
    values are divided.
    Source: PyTorch documentation of Conv2d, GroupNorm, MultiheadAttention and PixelShuffle.

    Fires:
        Layers that cannot be made.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=48):
                super().__init__()
                self.conv = nn.Conv2d(3, width, 3, padding=1)
                self.norm = nn.GroupNorm(32, width)  # error: [AR618]
                self.mix = nn.Conv2d(width, 64, 3, padding=1, groups=5)  # error: [AR618]

            def forward(self, x):
                return self.mix(self.norm(self.conv(x)).relu())
        ```
        Heads by hand.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=100, heads=8):
                super().__init__()
                self.heads, self.each = heads, width // heads
                self.q = nn.Linear(width, width)

            def forward(self, x):
                b, t, _ = x.shape
                return self.q(x).view(b, t, self.heads, self.each)  # error: [AR618]

        Attention()(torch.randn(2, 10, 100))
        ```
    Silent:
        Groups that divide, of which one is the number of channels.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=48):
                super().__init__()
                self.conv = nn.Conv2d(width, 2 * width, 3, padding=1, groups=width)
                self.norm = nn.GroupNorm(min(32, width // 3), 2 * width)
                self.attend = nn.MultiheadAttention(96, 12, batch_first=True)

            def forward(self, x):
                x = self.norm(self.conv(x)).flatten(2).transpose(1, 2)
                return self.attend(x, x, x)[0]
        ```
        Keras gives each head a size of its own.
        ```python
        import keras
        from keras import layers

        x = keras.Input((20, 50))
        h = layers.LayerNormalization()(x + layers.MultiHeadAttention(num_heads=3, key_dim=16)(x, x))
        model = keras.Model(x, layers.Dense(4)(layers.GlobalAveragePooling1D()(h)))
        ```
    """
    for layer in network.layers:
        if layer.proven:
            yield from _of_layer(layer)
    for operation in network.operations:
        if first_conflict(operation) and operation.proven:
            text = operation.conflict if operation.about == "multiple" else _heads(operation)
            if text:
                yield _finding(operation, text)


def _of_layer(layer: Layer) -> Iterator[Finding]:
    if "head_dim" in layer.attributes:
        return  # heads of a size of their own, as Keras has them, need not share the width
    for whole, part in PAIRS.get(layer.kind, ()):
        size, count = layer.attributes.get(whole), layer.attributes.get(part)
        if isinstance(size, int) and isinstance(count, int) and min(size, count) > 0 and size % count:
            name = layer.api.rpartition(".")[2]
            written = f"{_written(whole, name)}={size} is no multiple of {_written(part, name)}={count}"
            repair = f"choose {_written(part, name)} so that it divides {_written(whole, name)}"
            yield Finding(layer.place, f"{name}: {written}", repair)
            return


def _written(attribute: str, name: str) -> str:
    names = WRITTEN.get(attribute, {})
    return names.get(name, names.get("", attribute))


def _finding(operation: Operation, text: str) -> Finding:
    repair = "choose sizes that divide"
    message = shortened(f"{api(operation)}: {text}")
    return Finding(home(Tensor(operation)), message, repair, tuple(trail(operation)))


def _heads(operation: Operation) -> str:
    """A reshape of a width into heads of ``width // heads``, which leaves a rest."""
    wanted, x = wanted_sizes(operation), operation.inputs[0].shape if operation.inputs else Shape()
    width = x.axis(-1)
    if operation.kind != "reshape" or wanted is None or not isinstance(width, int):
        return ""
    for first, second in pairwise(wanted):
        parts = [s for s in (first, second) if isinstance(s, int) and s > 1]
        if (
            len(parts) == 2
            and product(parts) != width
            and any(width // p * p == product(parts) for p in parts)
        ):
            heads = next(p for p in parts if width // p * p == product(parts))
            return f"a width of {width} is no multiple of {heads}, {first}·{second} values are asked for"
    return ""
