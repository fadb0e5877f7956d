"""Widths, windows and the state of single layers, as checks of structure ask for them."""

from __future__ import annotations

from nnlint.evidence.place import Place
from nnlint.network.graph import Layer, Operation
from nnlint.network.size import Size

WIDTHS = {"linear": ("in_features", "out_features")}
CHANNELS = ("in_channels", "out_channels")


def widths(operation: Operation) -> tuple[Size, Size]:
    """Features or channels that go in and come out, None where they are not known."""
    names = WIDTHS.get(operation.kind, CHANNELS)
    into, out = (operation.attributes.get(name) for name in names)
    return (into if isinstance(into, int) else None, out if isinstance(out, int) else None)


def kernel(operation: Operation) -> tuple[int, ...] | None:
    """The window's size along each axis, None when not known."""
    size, dims = operation.attributes.get("kernel"), operation.attributes.get("dims")
    if isinstance(size, int):
        return (size,) * dims if isinstance(dims, int) else (size,)
    if isinstance(size, tuple) and size and all(isinstance(s, int) for s in size):
        return size
    return None


def trained(layer: Layer, *, stored: bool = False) -> bool:
    """Its weights are learned from the start: neither frozen nor loaded. ``stored``: the network is a graph,
    whose weights are all stored in it, so that this tells nothing.
    """
    kinds = {p.initialization.kind for p in layer.parameters}
    return all(p.trainable is not False for p in layer.parameters) and (stored or "loaded" not in kinds)


def made_at(operation: Operation) -> Place:
    """Where its layer is constructed, or where it is called when it has none."""
    return operation.layer.place if operation.layer is not None else operation.place
