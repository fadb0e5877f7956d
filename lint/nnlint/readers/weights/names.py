"""What a stored tensor is, as far as its name, its shape and its neighbours prove it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern

WEIGHTS = pattern(
    r"^(weight|kernel|weight_[ih]h_l\d+(_reverse)?|weight_(orig|v)|in_proj_weight|depthwise_kernel|"
    r"pointwise_kernel|recurrent_kernel|[wW]\d*|qweight|lora_[AB])$"
)
RECURRENT = pattern(r"^weight_[ih]h_l\d+(_reverse)?$")
RECURRENT_BIAS = pattern(r"^bias_[ih]h_l\d+(_reverse)?$")
BIASES = pattern(r"^(bias|bias_[ih]h_l\d+(_reverse)?|in_proj_bias|[bB]\d*)$")
STATISTICS = {
    "running_mean": "running_mean",
    "running_var": "running_var",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "mean_ema": "",
}
FLAX = {"mean": "running_mean", "var": "running_var"}
PARAMETRIZED = pattern(r"^(?P<layer>.*)\.parametrizations\.(?P<parameter>\w+)$")
ORIGINALS = {"original": "_orig", "original0": "_g", "original1": "_v"}
"""Source: torch.nn.utils.parametrize; two originals are those of weight_norm, length and direction."""
WHOLE = frozenset({"weight", "weight_orig", "weight_v"})
"""Parameters with the axes of the layer's weight."""
GAINS = {"gamma": "weight", "beta": "bias", "scale": "weight"}
OTHERS = frozenset({"num_batches_tracked", "embedding", "embeddings", "logit_scale", "inv_freq"})
OTHERS |= {"weight_g", "scales", "qzeros", "g_idx", "weight_scale", "weight_zero_point", "scb"}
EMBEDDING = pattern(r"emb|wte|wpe|token|vocab|lookup|codebook|(^|\.)shared$", re.IGNORECASE)
SEVERAL_LAYERS = 3
WIDEST_WINDOW = 12
SECOND = frozenset({"recurrent_kernel", "pointwise_kernel"})
"""Weights of layers that have a ``kernel`` besides."""
PROJECTION = pattern(r"(^|[._/])(query|key|value|attention_output|output)(_dense)?$")
"""Layers of Keras's attention, whose kernels have an axis of heads."""


@dataclass(frozen=True)
class Part:
    """A tensor's place in the network: ``layer`` and ``parameter`` are the two halves of its name."""

    layer: str
    parameter: str
    role: str = ""
    consumer: str = ""
    units: int | None = None  # the axis of outputs
    inputs: int | None = None


def split(name: str) -> tuple[str, str]:
    """``encoder.fc.weight`` or ``encoder/fc/kernel:0``: the layer and the parameter.

    What torch computes a weight from is called as by its older functions: ``weight_v``, ``weight_orig``.
    """
    plain = re.sub(r":\d+$", "", name)
    layer, _, parameter = re.sub(r"[/]", ".", plain).rpartition(".")
    collection, _, rest = layer.partition(".")
    if collection == "batch_stats" and parameter in FLAX:  # beside "params", with the layers' gains
        return f"params.{rest}", FLAX[parameter]
    computed = PARAMETRIZED.match(layer)
    if computed and parameter in ORIGINALS:
        return computed["layer"], computed["parameter"] + ORIGINALS[parameter]
    return layer, parameter


def holds_weights(names: Iterable[str]) -> bool:
    """Whether names are those of a network's parameters: most have the form, one of them is a weight.

    Weights of several layers are enough: a network may have many buffers of its own.
    """
    split_names = [split(n) for n in names]
    parts = [parameter for _, parameter in split_names]
    weights = [bool(WEIGHTS.match(p)) for p in parts]
    if sum(w and bool(layer) for w, (layer, _) in zip(weights, split_names, strict=True)) >= SEVERAL_LAYERS:
        return True
    known = [
        w or bool(BIASES.match(p)) or p in STATISTICS or p in GAINS or p in OTHERS
        for w, p in zip(weights, parts, strict=True)
    ]
    return any(weights) and sum(known) >= 0.5 * len(known) and len(parts) > 1


def parts(shapes: Mapping[str, tuple[int, ...]], keras: bool = False) -> dict[str, Part]:
    """For each tensor what it is; ``keras``: kernels are stored with the axis of outputs last."""
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        layer, parameter = split(name)
        layers.setdefault(layer, {})[parameter] = shape
    return {name: _part(*split(name), layers[split(name)[0]], keras) for name in shapes}


def _part(layer: str, parameter: str, beside: Mapping[str, tuple[int, ...]], keras: bool) -> Part:
    shape = beside[parameter]
    if parameter in STATISTICS:
        return Part(layer, STATISTICS[parameter], "norm", "batch_norm")
    normalises = any(p in STATISTICS for p in beside)
    own = GAINS.get(parameter, parameter)
    if len(shape) == 1 and own in ("weight", "bias") and (normalises or _is_norm(beside)):
        return Part(layer, own, "norm", "batch_norm" if normalises else "")
    if len(shape) == 1 and BIASES.match(parameter):
        return Part(layer, parameter if RECURRENT_BIAS.match(parameter) else "bias", "bias")
    if len(shape) == 2 and parameter == "embeddings":
        return Part(layer, "weight", "embedding", "embedding")
    if parameter == "weight_g":
        return Part(layer, parameter, "norm")
    if len(shape) >= 2 and WEIGHTS.match(parameter):
        return _weight(layer, parameter, shape, beside, keras)
    return Part(layer, parameter)


def _is_norm(beside: Mapping[str, tuple[int, ...]]) -> bool:
    gain = beside.get("weight", beside.get("gamma", beside.get("scale")))
    return gain is not None and len(gain) == 1 and (len(beside) > 1 or gain[0] > 1)


def _window_last(shape: tuple[int, ...]) -> bool:
    """Whether a ``kernel`` is stored as PyTorch stores a convolution: channels first, then the window."""
    return len(shape) > 3 and max(shape[2:]) < WIDEST_WINDOW and max(shape[:2]) > max(shape[2:])


def _weight(
    layer: str, parameter: str, shape: tuple[int, ...], beside: Mapping[str, tuple[int, ...]], keras: bool
) -> Part:
    bias = beside.get("bias", ())
    if len(shape) == 2 and not bias and EMBEDDING.search(layer):
        return Part(layer, "weight", "embedding", "embedding")
    if (keras or parameter == "kernel") and len(shape) == 3 and PROJECTION.search(layer):
        return Part(layer, parameter, "weight")
    if keras or (parameter == "kernel" and not _window_last(shape)):
        axes = (len(shape) - 1, len(shape) - 2)
        if len(shape) > 2 and bias == shape[-2:-1] and bias != shape[-1:]:  # of a transposed convolution
            axes = axes[::-1]
        if parameter in SECOND:
            return Part(layer, parameter, "weight", "", *axes)
    elif RECURRENT.match(parameter) and len(shape) == 2:
        return Part(layer, parameter, "weight", "rnn", 0, 1)
    elif parameter not in (*WHOLE, "kernel") or len(shape) > 5:
        return Part(layer, parameter, "weight")
    else:
        # Transposed convolutions are stored with the inputs first: only the bias tells.
        transposed = len(shape) > 2 and bias == shape[1:2] and bias != shape[:1]
        axes = (1, 0) if transposed else (0, 1)
    return Part(layer, "weight", "weight", "", *axes)
