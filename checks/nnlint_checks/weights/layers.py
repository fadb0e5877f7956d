"""What checks of stored weights have in common: which tensors are layers, and which belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.pattern import pattern

CUSTOMARY = pattern(
    r"lora|adapter|(^|[._/])pos(_|$|ition|emb)|position|relative_|cls_token|register|query_token|mask|anchor|prior",
    re.IGNORECASE,
)
"""Adapters start at zero and may stay there; tables of positions, tokens and masks are no layers."""
FEWEST_FILTERS = 16
"""Inputs have fewer channels: a first convolution of so many filters is none of one filter a channel."""


def matrices(weights: Weights) -> tuple[StoredTensor, ...]:
    """The weights of linear and convolutional layers, in the file's order."""
    return tuple(
        t
        for t in weights.tensors
        if t.role == "weight" and len(t.shape) >= 2 and min(t.shape[:2]) > 0 and not CUSTOMARY.search(t.name)
    )


def by_layer(weights: Weights) -> Mapping[str, dict[str, StoredTensor]]:
    """Layer -> its tensors by parameter, in the file's order."""
    found: dict[str, dict[str, StoredTensor]] = {}
    for tensor in weights.tensors:
        if tensor.parameter:
            found.setdefault(tensor.layer, {})[tensor.parameter] = tensor
    return found


def biases_of(tensor: StoredTensor, layer: Mapping[str, StoredTensor]) -> tuple[StoredTensor, ...]:
    """The biases that are added to what a weight gives, none or one; a recurrent layer has two."""
    own = layer.get("bias")
    if own is not None or not tensor.parameter.startswith("weight_"):
        return () if own is None else (own,)
    ending = tensor.parameter[len("weight_ih") :]
    return tuple(layer[name] for name in (f"bias_ih{ending}", f"bias_hh{ending}") if name in layer)


def batch_norms(weights: Weights) -> Iterator[tuple[StoredTensor, StoredTensor, Mapping[str, StoredTensor]]]:
    """Running mean, running variance and all tensors of each batch norm."""
    for layer in by_layer(weights).values():
        if "running_mean" in layer and "running_var" in layer:
            yield layer["running_mean"], layer["running_var"], layer


def reads_one_channel(tensor: StoredTensor) -> bool:
    """Whether it is a convolution each of whose filters looks at one channel."""
    channels = tensor.shape[1] if tensor.inputs is None else len(tensor.inputs.norms)
    return len(tensor.shape) > 2 and channels == 1


def may_be_depthwise(tensor: StoredTensor, weights: Weights) -> bool:
    """Whether its filters may have a channel each, not all the only channel of the input.

    Where no graph tells: as many channels, or a part of them, come out of a layer before it (of any other one
    where the file keeps no order).
    """
    if tensor.groups is not None:
        return tensor.groups > 1
    known = matrices(weights)
    others = known[: known.index(tensor)] if weights.ordered and tensor in known else known
    filters = tensor.shape[0]
    before = (t.shape[0] for t in others if t is not tensor)
    return filters < FEWEST_FILTERS or any(size > 1 and filters % size == 0 for size in before)


def holds(tensor: StoredTensor | None, value: float) -> bool:
    """Whether all values are ``value``."""
    return tensor is not None and tensor.constant and tensor.minimum == value
