"""The layers of ``torch.nn`` as a table: signature, operation, attributes, parameters.

Signatures and default initialisations are those of the PyTorch documentation, version 2.x: Linear, Conv and
recurrent layers draw from U(±1/√fan_in) (``reset_parameters``), embeddings from N(0, 1), norms are 1 and 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.network.graph import Initialization
from nnlint.readers.source.libraries.torch import parameters
from nnlint.readers.source.libraries.torch.parameters import Shapes
from nnlint.readers.source.libraries.weights import size_of

DEFAULT = Initialization("default")
ONES = Initialization("constant", {"value": 1.0})
ZEROS = Initialization("constant", {"value": 0.0})
NORMAL = Initialization("normal", {"mean": 0.0, "std": 1.0})


@dataclass(frozen=True)
class Spec:
    """One layer class. ``attributes`` maps attributes of the operation to parameters of the constructor;
    ``fixed`` are attributes that the class itself sets. ``shapes`` gives the parameters' shapes.
    """

    kind: str
    signature: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    shapes: Shapes = lambda bound: {}
    initial: Mapping[str, Initialization] = field(default_factory=dict)


_CONV = (
    "in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True "
    "padding_mode='zeros'"
)
_CONV_T = (
    "in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1"
)
_CONV_ATTRIBUTES = {
    **{n: n for n in ("in_channels", "out_channels", "stride", "padding", "dilation", "groups")},
    "kernel": "kernel_size",
}
_NORM = {"features": "num_features", "momentum": "momentum", "eps": "eps"}
_RNN = (
    "input_size hidden_size num_layers=1 bias=True batch_first=False dropout=0.0 bidirectional=False "
    "proj_size=0"
)
_RNN_ATTRIBUTES = {
    n: n
    for n in (
        "input_size",
        "hidden_size",
        "num_layers",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
    )
}
_POOL_ATTRIBUTES = {
    "kernel": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "ceil_mode": "ceil_mode",
}
_AFFINE = {"weight": ONES, "bias": ZEROS}


def _activation(kind: str, signature: str = "inplace=False", **attributes: str) -> Spec:
    return Spec(
        kind, signature, {"inplace": "inplace", **attributes} if "inplace" in signature else attributes
    )


TABLE: dict[str, Spec] = {
    "Linear": Spec(
        "linear",
        "in_features out_features bias=True",
        {"in_features": "in_features", "out_features": "out_features"},
        shapes=parameters.linear,
    ),
    "LazyLinear": Spec(
        "linear",
        "out_features bias=True",
        {"out_features": "out_features"},
        shapes=lambda bound: {"weight": (size_of(bound["out_features"]), None)},
    ),
    "Bilinear": Spec(
        "bilinear",
        "in1_features in2_features out_features bias=True",
        shapes=lambda b: {
            "weight": tuple(size_of(b[n]) for n in ("out_features", "in1_features", "in2_features"))
        },
    ),
    **{
        f"Conv{d}d": Spec("conv", _CONV, _CONV_ATTRIBUTES, {"dims": d}, parameters.conv(d)) for d in (1, 2, 3)
    },
    **{
        f"ConvTranspose{d}d": Spec(
            "conv_transpose",
            _CONV_T,
            {**_CONV_ATTRIBUTES, "output_padding": "output_padding"},
            {"dims": d},
            parameters.conv(d, transposed=True),
        )
        for d in (1, 2, 3)
    },
    **{
        f"LazyConv{d}d": Spec(
            "conv",
            _CONV.removeprefix("in_channels "),
            {k: v for k, v in _CONV_ATTRIBUTES.items() if k != "in_channels"},
            {"dims": d},
            lambda bound: {"weight": (size_of(bound["out_channels"]), None)},
        )
        for d in (1, 2, 3)
    },
    **{
        f"BatchNorm{d}d": Spec(
            "batch_norm",
            "num_features eps=1e-5 momentum=0.1 affine=True track_running_stats=True",
            {**_NORM, "track_running_stats": "track_running_stats"},
            {"dims": d},
            parameters.norm("num_features"),
            _AFFINE,
        )
        for d in (1, 2, 3)
    },
    "SyncBatchNorm": Spec(
        "batch_norm",
        "num_features eps=1e-5 momentum=0.1 affine=True",
        {"features": "num_features"},
        {},
        parameters.norm("num_features"),
        _AFFINE,
    ),
    **{f"LazyBatchNorm{d}d": Spec("batch_norm", "eps=1e-5 momentum=0.1", {}, {"dims": d}) for d in (1, 2, 3)},
    **{
        f"InstanceNorm{d}d": Spec(
            "instance_norm",
            "num_features eps=1e-5 momentum=0.1 affine=False",
            {"features": "num_features"},
            {"dims": d},
            parameters.norm("num_features"),
            _AFFINE,
        )
        for d in (1, 2, 3)
    },
    "GroupNorm": Spec(
        "group_norm",
        "num_groups num_channels eps=1e-5 affine=True",
        {"groups": "num_groups", "features": "num_channels"},
        {},
        parameters.norm("num_channels"),
        _AFFINE,
    ),
    "LayerNorm": Spec(
        "layer_norm",
        "normalized_shape eps=1e-5 elementwise_affine=True bias=True",
        {"normalized_shape": "normalized_shape"},
        {},
        parameters.norm("normalized_shape"),
        _AFFINE,
    ),
    "RMSNorm": Spec(
        "layer_norm",
        "normalized_shape eps=None elementwise_affine=True bias=False",
        {"normalized_shape": "normalized_shape"},
        {"centred": False},
        parameters.norm("normalized_shape"),
        _AFFINE,
    ),
    "LocalResponseNorm": Spec("local_response_norm", "size"),
    "Embedding": Spec(
        "embedding",
        "num_embeddings embedding_dim padding_idx=None",
        {"rows": "num_embeddings", "dim": "embedding_dim"},
        {},
        parameters.embedding,
        {"weight": NORMAL},
    ),
    "EmbeddingBag": Spec(
        "embedding_bag",
        "num_embeddings embedding_dim",
        {"rows": "num_embeddings", "dim": "embedding_dim"},
        {},
        parameters.embedding,
        {"weight": NORMAL},
    ),
    "RNN": Spec(
        "rnn",
        _RNN.replace("num_layers=1", "num_layers=1 nonlinearity='tanh'"),
        {**_RNN_ATTRIBUTES, "nonlinearity": "nonlinearity"},
        {"cell": "rnn"},
        parameters.recurrent(1),
    ),
    "LSTM": Spec("rnn", _RNN, _RNN_ATTRIBUTES, {"cell": "lstm"}, parameters.recurrent(4)),
    "GRU": Spec("rnn", _RNN, _RNN_ATTRIBUTES, {"cell": "gru"}, parameters.recurrent(3)),
    **{
        name: Spec(
            "rnn_cell",
            "input_size hidden_size bias=True",
            {"input_size": "input_size", "hidden_size": "hidden_size"},
            {"cell": cell},
            parameters.cell(gates),
        )
        for name, cell, gates in (("RNNCell", "rnn", 1), ("LSTMCell", "lstm", 4), ("GRUCell", "gru", 3))
    },
    "MultiheadAttention": Spec(
        "attention",
        "embed_dim num_heads dropout=0.0 bias=True add_bias_kv=False add_zero_attn=False kdim=None vdim=None "
        "batch_first=False",
        {"embed_dim": "embed_dim", "heads": "num_heads", "batch_first": "batch_first"},
        {},
        parameters.attention,
    ),
    **{
        name: Spec(
            "transformer",
            "d_model nhead dim_feedforward=2048 dropout=0.1 activation='relu' layer_norm_eps=1e-5 "
            "batch_first=False norm_first=False bias=True",
            {"embed_dim": "d_model", "heads": "nhead", "batch_first": "batch_first", "p": "dropout"},
            {"norm": True},
            parameters.transformer(attentions),
            parameters.initial_of_transformer(ONES, ZEROS),
        )
        for name, attentions in (
            ("TransformerEncoderLayer", ("self_attn",)),
            ("TransformerDecoderLayer", ("self_attn", "multihead_attn")),
        )
    },
    **{
        name: Spec("dropout", "p=0.5 inplace=False", {"p": "p", "inplace": "inplace"}, {"module": True})
        for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
    },
    **{
        f"MaxPool{d}d": Spec(
            "max_pool",
            "kernel_size stride=None padding=0 dilation=1 return_indices=False ceil_mode=False",
            {**_POOL_ATTRIBUTES, "dilation": "dilation"},
            {"dims": d},
        )
        for d in (1, 2, 3)
    },
    **{
        f"AvgPool{d}d": Spec(
            "avg_pool",
            "kernel_size stride=None padding=0 ceil_mode=False count_include_pad=True",
            _POOL_ATTRIBUTES,
            {"dims": d},
        )
        for d in (1, 2, 3)
    },
    **{
        f"Adaptive{kind}Pool{d}d": Spec(
            "adaptive_pool", "output_size", {"output": "output_size"}, {"dims": d, "kind": kind.lower()}
        )
        for d in (1, 2, 3)
        for kind in ("Avg", "Max")
    },
    "Flatten": Spec("flatten", "start_dim=1 end_dim=-1", {"start": "start_dim", "end": "end_dim"}),
    "Identity": Spec("identity", ""),
    "PixelShuffle": Spec("pixel_shuffle", "upscale_factor", {"factor": "upscale_factor"}),
    "Upsample": Spec(
        "interpolate", "size=None scale_factor=None mode='nearest'", {"size": "size", "scale": "scale_factor"}
    ),
    "UpsamplingBilinear2d": Spec(
        "interpolate", "size=None scale_factor=None", {"size": "size", "scale": "scale_factor"}
    ),
    "UpsamplingNearest2d": Spec(
        "interpolate", "size=None scale_factor=None", {"size": "size", "scale": "scale_factor"}
    ),
    "ReLU": _activation("relu"),
    "ReLU6": _activation("relu6"),
    "LeakyReLU": _activation("leaky_relu", "negative_slope=0.01 inplace=False", slope="negative_slope"),
    "RReLU": _activation("leaky_relu", "lower=0.125 upper=0.333 inplace=False"),
    "PReLU": Spec(
        "prelu",
        "num_parameters=1 init=0.25",
        shapes=lambda b: {"weight": (size_of(b["num_parameters"]),)},
        initial={"weight": Initialization("constant", {"value": 0.25})},
    ),
    "ELU": _activation("elu", "alpha=1.0 inplace=False", alpha="alpha"),
    "CELU": _activation("celu", "alpha=1.0 inplace=False"),
    "SELU": _activation("selu"),
    "GELU": _activation("gelu", "approximate='none'"),
    "SiLU": _activation("silu"),
    "Mish": _activation("mish"),
    "Hardswish": _activation("hardswish"),
    "Hardsigmoid": _activation("hardsigmoid"),
    "Hardtanh": _activation(
        "hardtanh", "min_val=-1.0 max_val=1.0 inplace=False", min="min_val", max="max_val"
    ),
    "Threshold": _activation("threshold", "threshold value inplace=False"),
    "Softplus": _activation("softplus", "beta=1.0 threshold=20.0"),
    "Softsign": _activation("softsign", ""),
    "Tanh": _activation("tanh", ""),
    "Tanhshrink": _activation("activation", ""),
    "Sigmoid": _activation("sigmoid", ""),
    "LogSigmoid": _activation("logsigmoid", ""),
    "Softmax": _activation("softmax", "dim=None", axis="dim"),
    "Softmin": _activation("softmin", "dim=None", axis="dim"),
    "LogSoftmax": _activation("log_softmax", "dim=None", axis="dim"),
    "Softmax2d": Spec("softmax", "", {}, {"axis": -3}),
    "GLU": _activation("glu", "dim=-1", axis="dim"),
}
