"""The layers of ``keras.layers`` as a table: signature, operation, attributes, weights.

Signatures and defaults are those of the Keras 3 documentation: kernels start Glorot uniform, recurrent ones
orthogonal, biases 0, embeddings U(±0.05). Weights are built at the first call, from the input's last axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.network.shape import Shape
from nnlint.network.size import Size, multiply
from nnlint.readers.source.language.values import UNKNOWN, Value
from nnlint.readers.source.libraries.rows import plain
from nnlint.readers.source.libraries.weights import size_of

Bound = Mapping[str, Value]
Weights = Mapping[str, tuple[Size, ...]]
Build = Callable[[Bound, Shape], tuple[Mapping[str, Any], Weights]]


def nothing(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    """A layer without weights."""
    return {}, {}


@dataclass(frozen=True)
class Spec:
    """One layer class. ``attributes`` maps attributes of the operation to parameters of the constructor,
    ``fixed`` are those that the class sets. ``build`` gives, from the parameters and the input's shape,
    further attributes and the shapes of the weights. ``starts``: initialisers of weights that have no
    ``<weight>_initializer`` parameter.
    """

    kind: str
    signature: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    build: Build = nothing
    starts: Mapping[str, str] = field(default_factory=dict)


def spread(value: Value, count: int) -> tuple[Size, ...]:
    """A size given once or per axis, as ``count`` sizes."""
    items = plain(value)
    if isinstance(items, tuple):
        return tuple(size_of(v) for v in items) if len(items) == count else (None,) * count
    return (size_of(items),) * count


def _known(**attributes: Size) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if isinstance(value, int)}


def _with_bias(bound: Bound, weights: dict[str, tuple[Size, ...]], out: Size) -> Weights:
    return weights if bound.get("use_bias") is False else {**weights, "bias": (out,)}


# builders


def _dense(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    into, out = x.axis(-1), size_of(bound["units"])
    return _known(in_features=into), _with_bias(bound, {"kernel": (into, out)}, out)


def layout(bound: Bound) -> dict[str, Any]:
    """``layout`` for the data format of a layer; without knowing it nothing about axes holds."""
    if bound.get("data_format") in (None, "channels_last"):
        return {"layout": "channels_last", "unbatched": False}
    if bound["data_format"] == "channels_first":
        return {"unbatched": False}
    return {"dims": None}


def _channels(bound: Bound, x: Shape, dims: int) -> Size:
    chosen = bound.get("data_format")
    if chosen == "channels_first":
        return x.axis(-dims - 1)
    return x.axis(-1) if chosen in (None, "channels_last") else None


def padding_of(value: Value) -> dict[str, Any]:
    """``padding`` in small letters; a causal convolution keeps the length like "same"."""
    name = value.lower() if isinstance(value, str) else UNKNOWN
    return {"padding": "same", "causal": True} if name == "causal" else {"padding": name}


def _conv(dims: int, transposed: bool = False) -> Build:
    def build(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
        into, out = _channels(bound, x, dims), size_of(bound["filters"])
        groups, kernel = bound.get("groups", 1), spread(bound["kernel_size"], dims)
        per_group = into // groups if isinstance(into, int) and isinstance(groups, int) and groups else None
        head = (out, into) if transposed else (per_group, out)
        extra = {**layout(bound), **padding_of(bound["padding"]), **_known(in_channels=into)}
        if bound.get("output_padding") is not None:
            extra["padding"] = UNKNOWN
        return extra, _with_bias(bound, {"kernel": (*kernel, *head)}, out)

    return build


def _depthwise(dims: int, separable: bool) -> Build:
    def build(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
        into, kernel = _channels(bound, x, dims), spread(bound["kernel_size"], dims)
        between = multiply(into, size_of(bound["depth_multiplier"]))
        out = size_of(bound["filters"]) if separable else between
        extra = {**layout(bound), **padding_of(bound["padding"])}
        extra |= _known(in_channels=into, out_channels=out)
        weights: dict[str, tuple[Size, ...]] = {
            "depthwise_kernel": (*kernel, into, size_of(bound["depth_multiplier"]))
        }
        if separable:
            weights["pointwise_kernel"] = (*(1,) * dims, between, out)
        else:
            extra |= _known(groups=into)
        return extra, _with_bias(bound, weights, out)

    return build


def _pool(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    return {**layout(bound), **padding_of(bound.get("padding", "valid"))}, {}


def _placed(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    return layout(bound), {}


def _norm(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    axis = plain(bound.get("axis", -1))
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    features = x.axis(axis) if isinstance(axis, int) and not isinstance(axis, bool) else None
    momentum = bound.get("momentum")
    extra = _known(features=features) | {"axis": axis}
    if isinstance(momentum, float):
        extra["momentum"] = round(1 - momentum, 10)  # the share of the new batch, as torch counts it
    kept = (("gamma", "scale"), ("beta", "center"))
    return extra, {weight: (features,) for weight, on in kept if bound.get(on) is not False}


def _layer_norm(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    extra, weights = _norm(bound, x)
    if bound["axis"] == -1 and "features" in extra:
        return {"normalized_shape": extra["features"]}, weights
    return {}, weights


def _embedding(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    return {}, {"embeddings": (size_of(bound["input_dim"]), size_of(bound["output_dim"]))}


def _prelu(bound: Bound, x: Shape) -> tuple[Mapping[str, Any], Weights]:
    shared = plain(bound["shared_axes"])
    axes = shared if isinstance(shared, tuple) else ()
    sizes = tuple(1 if n + 1 in axes else s for n, s in enumerate(x.sizes[1:]))
    return {}, {"alpha": sizes if x.rank is not None else (None,)}


# the table

_BIAS = "use_bias=True kernel_initializer='glorot_uniform' bias_initializer='zeros'"
_PENALTIES = (
    "kernel_regularizer=None bias_regularizer=None activity_regularizer=None kernel_constraint=None"
    " bias_constraint=None"
)
_CONV = (
    "filters kernel_size strides=1 padding='valid' data_format=None dilation_rate=1 groups=1"
    f" activation=None {_BIAS} {_PENALTIES}"
)
_TRANSPOSE = (
    "filters kernel_size strides=1 padding='valid' output_padding=None data_format=None dilation_rate=1"
    f" activation=None {_BIAS} {_PENALTIES}"
)
_DEPTHWISE = (
    "kernel_size strides=1 padding='valid' depth_multiplier=1 data_format=None dilation_rate=1"
    " activation=None use_bias=True depthwise_initializer='glorot_uniform' bias_initializer='zeros'"
    " depthwise_regularizer=None bias_regularizer=None"
)
_SEPARABLE = (
    "filters kernel_size strides=1 padding='valid' data_format=None dilation_rate=1 depth_multiplier=1"
    " activation=None use_bias=True depthwise_initializer='glorot_uniform'"
    " pointwise_initializer='glorot_uniform' bias_initializer='zeros' kernel_regularizer=None"
)
_WINDOW = {"kernel": "kernel_size", "stride": "strides", "dilation": "dilation_rate"}
_BATCH_NORM = (
    "axis=-1 momentum=0.99 epsilon=0.001 center=True scale=True beta_initializer='zeros'"
    " gamma_initializer='ones' moving_mean_initializer='zeros' moving_variance_initializer='ones'"
    " beta_regularizer=None gamma_regularizer=None"
)
_LAYER_NORM = "axis=-1 epsilon=0.001 center=True scale=True beta_initializer='zeros' gamma_initializer='ones'"
_GROUP_NORM = (
    "groups=32 axis=-1 epsilon=0.001 center=True scale=True beta_initializer='zeros' gamma_initializer='ones'"
)
_DEPTH_STARTS = {"depthwise_kernel": "depthwise_initializer", "pointwise_kernel": "pointwise_initializer"}


def _dropout(signature: str, **fixed: Any) -> Spec:
    return Spec("dropout", signature, {"p": "rate"}, {"module": True, **fixed})


TABLE: dict[str, Spec] = {
    **{
        name: Spec(
            "linear", f"units activation=None {_BIAS} {_PENALTIES}", {"out_features": "units"}, {}, _dense
        )
        for name in ("Dense", "TimeDistributedDense")
    },
    **{
        f"{name}{d}D": Spec(
            "conv",
            _CONV,
            {**_WINDOW, "out_channels": "filters", "groups": "groups"},
            {"dims": d},
            _conv(d),
        )
        for d in (1, 2, 3)
        for name in ("Conv", "Convolution")
    },
    **{
        f"{name}{d}D{end}": Spec(
            "conv_transpose",
            _TRANSPOSE,
            {**_WINDOW, "out_channels": "filters"},
            {"dims": d},
            _conv(d, transposed=True),
        )
        for d in (1, 2, 3)
        for name, end in (("Conv", "Transpose"), ("Deconvolution", ""))
    },
    **{
        f"DepthwiseConv{d}D": Spec(
            "conv", _DEPTHWISE, _WINDOW, {"dims": d}, _depthwise(d, separable=False), _DEPTH_STARTS
        )
        for d in (1, 2)
    },
    **{
        f"{name}{d}D": Spec(
            "conv",
            _SEPARABLE,
            _WINDOW,
            {"dims": d, "separable": True},
            _depthwise(d, separable=True),
            _DEPTH_STARTS,
        )
        for d in (1, 2)
        for name in ("SeparableConv", "SeparableConvolution")
    },
    **{
        f"{name}{word}{d}D": Spec(
            kind,
            "pool_size=2 strides=None padding='valid' data_format=None",
            {"kernel": "pool_size", "stride": "strides"},
            {"dims": d},
            _pool,
        )
        for d in (1, 2, 3)
        for name, kind in (("Max", "max_pool"), ("Average", "avg_pool"))
        for word in ("Pooling", "Pool")
    },
    **{
        f"Global{name}{word}{d}D": Spec(
            "global_pool",
            "data_format=None keepdims=False",
            {"keepdims": "keepdims"},
            {"dims": d, "kind": name[:3].lower()},
            _placed,
        )
        for d in (1, 2, 3)
        for name in ("Max", "Average")
        for word in ("Pooling", "Pool")
    },
    "Flatten": Spec("flatten", "data_format=None", {}, {"start": 1, "end": -1}),
    "Dropout": _dropout("rate noise_shape=None seed=None"),
    **{f"SpatialDropout{d}D": _dropout("rate seed=None", spatial=d) for d in (1, 2, 3)},
    "GaussianDropout": _dropout("rate seed=None"),
    "AlphaDropout": _dropout("rate noise_shape=None seed=None"),
    "GaussianNoise": Spec("unary", "stddev seed=None", {"noise": "stddev"}),
    "BatchNormalization": Spec("batch_norm", _BATCH_NORM, {"eps": "epsilon"}, {}, _norm),
    "SyncBatchNormalization": Spec("batch_norm", _BATCH_NORM, {"eps": "epsilon"}, {}, _norm),
    "LayerNormalization": Spec("layer_norm", _LAYER_NORM, {"eps": "epsilon"}, {}, _layer_norm),
    "RMSNormalization": Spec(
        "layer_norm", "axis=-1 epsilon=1e-6 center=False scale=True", {}, {"centred": False}, _layer_norm
    ),
    "GroupNormalization": Spec("group_norm", _GROUP_NORM, {"groups": "groups", "eps": "epsilon"}, {}, _norm),
    "UnitNormalization": Spec("normalize", "axis=-1", {"axis": "axis"}),
    "Embedding": Spec(
        "embedding",
        "input_dim output_dim embeddings_initializer='uniform' embeddings_regularizer=None"
        " embeddings_constraint=None mask_zero=False weights=None input_length=None",
        {"rows": "input_dim", "dim": "output_dim"},
        {},
        _embedding,
    ),
    "Identity": Spec("identity"),
    "Masking": Spec("identity", "mask_value=0.0"),
    "ActivityRegularization": Spec("identity", "l1=0.0 l2=0.0"),
    "LeakyReLU": Spec("leaky_relu", "negative_slope=0.3", {"slope": "negative_slope"}),
    "PReLU": Spec(
        "prelu",
        "alpha_initializer='zeros' alpha_regularizer=None alpha_constraint=None shared_axes=None",
        {},
        {},
        _prelu,
    ),
    "ELU": Spec("elu", "alpha=1.0", {"alpha": "alpha"}),
    "Softmax": Spec("softmax", "axis=-1", {"axis": "axis"}),
    "ThresholdedReLU": Spec("threshold", "theta=1.0"),
    "UpSampling1D": Spec("interpolate", "size=2", {"scale": "size"}, {"dims": 1, "mode": "nearest"}, _placed),
    **{
        f"UpSampling{d}D": Spec(
            "interpolate",
            "size=2 data_format=None interpolation='nearest'",
            {"scale": "size", "mode": "interpolation"},
            {"dims": d},
            _placed,
        )
        for d in (2, 3)
    },
    "Resizing": Spec(
        "interpolate",
        "height width interpolation='bilinear' crop_to_aspect_ratio=False",
        {"mode": "interpolation"},
        {"dims": 2},
        lambda bound, x: (
            {**layout(bound), "size": (size_of(bound["height"]), size_of(bound["width"]))},
            {},
        ),
    ),
}
"""Class -> what it does. Activations with options, shapes, merges and wrappers have their own modules."""
