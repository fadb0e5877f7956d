"""The layers of ``torch.nn`` as a table: signature, operation, attributes, parameters.

Signatures and default initialisations are those of the PyTorch documentation, version 2.x: Linear, Conv and
recurrent layers draw from U(±1/√fan_in) (``reset_parameters``), embeddings from N(0, 1), norms are 1 and 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnlint.evidence.place import Place
from nnlint.network.graph import Initialization, Layer, Tensor
from nnlint.network.size import Size, divide, multiply
from nnlint.readers.source.definitions import library_class, native
from nnlint.readers.source.gates import gated, owner_name
from nnlint.readers.source.modules import layer_of
from nnlint.readers.source.operators import as_tensor
from nnlint.readers.source.rows import plain
from nnlint.readers.source.signature import bind_signature
from nnlint.readers.source.torch.modules import MODULE
from nnlint.readers.source.values import UNKNOWN, Arguments, Call, ListValue, Value, Weight
from nnlint.readers.source.weights import make_weight, size_of

Bound = Mapping[str, Value]
Shapes = Callable[[Bound], Mapping[str, tuple[Size, ...]]]

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


def _linear(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    out, into = size_of(bound["out_features"]), size_of(bound["in_features"])
    return _with_bias(bound, {"weight": (out, into)}, out)


def _with_bias(
    bound: Bound, shapes: dict[str, tuple[Size, ...]], out: Size
) -> Mapping[str, tuple[Size, ...]]:
    if bound.get("bias") is True:
        shapes["bias"] = (out,)
    elif bound.get("bias") is not False:
        shapes["bias"] = (None,)
    return shapes


def _conv(dims: int, transposed: bool = False) -> Shapes:
    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        out, into = size_of(bound["out_channels"]), size_of(bound["in_channels"])
        groups, kernel = size_of(bound["groups"]), spread(bound["kernel_size"], dims)
        head = (into, divide(out, groups)) if transposed else (out, divide(into, groups))
        return _with_bias(bound, {"weight": (*head, *kernel)}, out)

    return shapes


def spread(value: Value, count: int) -> tuple[Size, ...]:
    """A size given once or per axis, as ``count`` sizes."""
    items = value.items if isinstance(value, ListValue) else value
    if isinstance(items, tuple):
        return tuple(size_of(v) for v in items) if len(items) == count else (None,) * count
    return (size_of(items),) * count


def _norm(features: str) -> Shapes:
    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        affine = bound.get("affine", bound.get("elementwise_affine", True))
        if affine is False:
            return {}
        size = bound[features]
        items = size.items if isinstance(size, ListValue) else size
        sizes = tuple(size_of(v) for v in items) if isinstance(items, tuple) else (size_of(items),)
        if affine is not True:
            sizes = (None,) * len(sizes)
        return {"weight": sizes} if bound.get("bias") is False else {"weight": sizes, "bias": sizes}

    return shapes


def _recurrent(gates: int) -> Shapes:
    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        into, hidden = size_of(bound["input_size"]), size_of(bound["hidden_size"])
        layers, both = bound.get("num_layers"), bound.get("bidirectional")
        if not isinstance(layers, int) or not isinstance(both, bool) or bound.get("proj_size"):
            return {"weight_ih_l0": (None, None)}
        found: dict[str, tuple[Size, ...]] = {}
        rows = multiply(hidden, gates)
        for layer in range(min(layers, 64)):
            width = into if layer == 0 else multiply(hidden, 2 if both else 1)
            for end in ("", "_reverse") if both else ("",):
                found |= {
                    f"weight_ih_l{layer}{end}": (rows, width),
                    f"weight_hh_l{layer}{end}": (rows, hidden),
                }
                if bound.get("bias") is not False:
                    found |= {f"bias_ih_l{layer}{end}": (rows,), f"bias_hh_l{layer}{end}": (rows,)}
        return found

    return shapes


def _cell(gates: int) -> Shapes:
    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        into, hidden = size_of(bound["input_size"]), size_of(bound["hidden_size"])
        rows = multiply(hidden, gates)
        found = {"weight_ih": (rows, into), "weight_hh": (rows, hidden)}
        if bound.get("bias") is not False:
            found |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        return found

    return shapes


def _embedding(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    return {"weight": (size_of(bound["num_embeddings"]), size_of(bound["embedding_dim"]))}


def _attention(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    width = size_of(bound["embed_dim"])
    if bound.get("kdim") is not None or bound.get("vdim") is not None:
        return {"in_proj_weight": (None, None), "out_proj.weight": (width, width)}
    found = {"in_proj_weight": (multiply(width, 3), width), "out_proj.weight": (width, width)}
    if bound.get("bias") is not False:
        found |= {"in_proj_bias": (multiply(width, 3),), "out_proj.bias": (width,)}
    return found


_CONV = "in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True padding_mode='zeros'"
_CONV_T = (
    "in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1"
)
_CONV_ATTRIBUTES = {
    **{n: n for n in ("in_channels", "out_channels", "stride", "padding", "dilation", "groups")},
    "kernel": "kernel_size",
}
_RNN = "input_size hidden_size num_layers=1 bias=True batch_first=False dropout=0.0 bidirectional=False proj_size=0"
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
        shapes=_linear,
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
    **{f"Conv{d}d": Spec("conv", _CONV, _CONV_ATTRIBUTES, {"dims": d}, _conv(d)) for d in (1, 2, 3)},
    **{
        f"ConvTranspose{d}d": Spec(
            "conv_transpose",
            _CONV_T,
            {**_CONV_ATTRIBUTES, "output_padding": "output_padding"},
            {"dims": d},
            _conv(d, transposed=True),
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
            {"features": "num_features", "momentum": "momentum", "eps": "eps"},
            {"dims": d},
            _norm("num_features"),
            _AFFINE,
        )
        for d in (1, 2, 3)
    },
    "SyncBatchNorm": Spec(
        "batch_norm",
        "num_features eps=1e-5 momentum=0.1 affine=True",
        {"features": "num_features"},
        {},
        _norm("num_features"),
        _AFFINE,
    ),
    **{f"LazyBatchNorm{d}d": Spec("batch_norm", "eps=1e-5 momentum=0.1", {}, {"dims": d}) for d in (1, 2, 3)},
    **{
        f"InstanceNorm{d}d": Spec(
            "instance_norm",
            "num_features eps=1e-5 momentum=0.1 affine=False",
            {"features": "num_features"},
            {"dims": d},
            _norm("num_features"),
            _AFFINE,
        )
        for d in (1, 2, 3)
    },
    "GroupNorm": Spec(
        "group_norm",
        "num_groups num_channels eps=1e-5 affine=True",
        {"groups": "num_groups", "features": "num_channels"},
        {},
        _norm("num_channels"),
        _AFFINE,
    ),
    "LayerNorm": Spec(
        "layer_norm",
        "normalized_shape eps=1e-5 elementwise_affine=True bias=True",
        {"normalized_shape": "normalized_shape"},
        {},
        _norm("normalized_shape"),
        _AFFINE,
    ),
    "RMSNorm": Spec(
        "layer_norm",
        "normalized_shape eps=None elementwise_affine=True bias=False",
        {"normalized_shape": "normalized_shape"},
        {"centred": False},
        _norm("normalized_shape"),
        _AFFINE,
    ),
    "LocalResponseNorm": Spec("local_response_norm", "size"),
    "Embedding": Spec(
        "embedding",
        "num_embeddings embedding_dim padding_idx=None",
        {"rows": "num_embeddings", "dim": "embedding_dim"},
        {},
        _embedding,
        {"weight": NORMAL},
    ),
    "EmbeddingBag": Spec(
        "embedding_bag",
        "num_embeddings embedding_dim",
        {"rows": "num_embeddings", "dim": "embedding_dim"},
        {},
        _embedding,
        {"weight": NORMAL},
    ),
    "RNN": Spec(
        "rnn",
        _RNN.replace("num_layers=1", "num_layers=1 nonlinearity='tanh'"),
        {**_RNN_ATTRIBUTES, "nonlinearity": "nonlinearity"},
        {"cell": "rnn"},
        _recurrent(1),
    ),
    "LSTM": Spec("rnn", _RNN, _RNN_ATTRIBUTES, {"cell": "lstm"}, _recurrent(4)),
    "GRU": Spec("rnn", _RNN, _RNN_ATTRIBUTES, {"cell": "gru"}, _recurrent(3)),
    **{
        name: Spec(
            "rnn_cell",
            "input_size hidden_size bias=True",
            {"input_size": "input_size", "hidden_size": "hidden_size"},
            {"cell": cell},
            _cell(gates),
        )
        for name, cell, gates in (("RNNCell", "rnn", 1), ("LSTMCell", "lstm", 4), ("GRUCell", "gru", 3))
    },
    "MultiheadAttention": Spec(
        "attention",
        "embed_dim num_heads dropout=0.0 bias=True add_bias_kv=False add_zero_attn=False kdim=None vdim=None batch_first=False",
        {"embed_dim": "embed_dim", "heads": "num_heads", "batch_first": "batch_first"},
        {},
        _attention,
    ),
    **{
        name: Spec(
            "transformer",
            "d_model nhead dim_feedforward=2048 dropout=0.1 activation='relu' layer_norm_eps=1e-5 batch_first=False",
            {"embed_dim": "d_model", "heads": "nhead", "batch_first": "batch_first", "p": "dropout"},
            {"norm": True},
            lambda bound: {"weight": (None,)},
        )
        for name in ("TransformerEncoderLayer", "TransformerDecoderLayer")
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


def attributes_of(bound: Bound, names: Mapping[str, str], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """The operation's attributes from bound parameters."""
    return {**fixed, **{key: plain(bound[name]) for key, name in names.items()}}


def _init(spec: Spec) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        MODULE.state["__init__"].code(call, Arguments([module]))
        bound = bind_signature(spec.signature, arguments.after_self())
        write = i.heap.write
        for name, value in bound.items():
            write(module.state, name, value)
        if i.trace.inside:
            write(module.state, "_inside", True)  # made while a model runs
        write(module.state, "_attributes", attributes_of(bound, spec.attributes, spec.fixed))
        for name, sizes in spec.shapes(bound).items():
            write(module.state, name, make_weight(sizes, module.place, spec.initial.get(name, DEFAULT)))
        if bound.get("bias") is False and "bias" not in spec.shapes(bound):
            write(module.state, "bias", None)
        return None

    return run


def _forward(spec: Spec) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        inputs = [as_tensor(i, value, call.node) for value in arguments.positional[1:] if value is not None]
        inputs = inputs or [as_tensor(i, v, call.node) for v in list(arguments.keywords.values())[:1]]
        inputs = inputs or [as_tensor(i, UNKNOWN, call.node)]
        attributes = dict(module.state.get("_attributes", {}))
        layer = layer_of(i, module)
        if spec.kind in RESULTS:
            return RESULTS[spec.kind](call, spec, inputs, attributes, layer)
        if spec.kind == "dropout":
            attributes["training"] = module.state.get("training", UNKNOWN)
            attributes["inside"] = module.state.get("_inside", False)
            attributes["gated"] = gated(i, call.node)
            attributes["owner"] = owner_name(i)
        return i.operate(
            spec.kind,
            inputs[:1] if spec.kind != "bilinear" else inputs,
            attributes,
            call.place,
            name=layer.name,
            layer=layer,
        )

    return run


def _recurrent_result(
    call: Call, spec: Spec, inputs: list[Tensor], attributes: dict[str, Any], layer: Layer
) -> Value:
    i = call.interpreter
    output = i.operate("rnn", inputs[:1], attributes, call.place, name=layer.name, layer=layer)
    state = i.operate("rnn_state", inputs[:1], attributes, call.place, name=layer.name, layer=layer)
    if attributes.get("cell") == "lstm":
        cell = i.operate("rnn_state", inputs[:1], attributes, call.place, name=layer.name, layer=layer)
        return (output, (state, cell))
    return (output, state)


def _cell_result(
    call: Call, spec: Spec, inputs: list[Tensor], attributes: dict[str, Any], layer: Layer
) -> Value:
    i = call.interpreter
    state = i.operate("rnn_cell", inputs[:1], attributes, call.place, name=layer.name, layer=layer)
    if attributes.get("cell") == "lstm":
        return (
            state,
            i.operate("rnn_cell", inputs[:1], attributes, call.place, name=layer.name, layer=layer),
        )
    return state


def _attention_result(
    call: Call, spec: Spec, inputs: list[Tensor], attributes: dict[str, Any], layer: Layer
) -> Value:
    i = call.interpreter
    output = i.operate("attention", inputs[:3], attributes, call.place, name=layer.name, layer=layer)
    return (output, as_tensor(i, UNKNOWN, call.node))


def _transformer_result(
    call: Call, spec: Spec, inputs: list[Tensor], attributes: dict[str, Any], layer: Layer
) -> Value:
    return call.interpreter.operate(
        "transformer", inputs[:1], attributes, call.place, name=layer.name, layer=layer
    )


RESULTS: dict[str, Callable[[Call, Spec, list[Tensor], dict[str, Any], Layer], Value]] = {
    "rnn": _recurrent_result,
    "rnn_cell": _cell_result,
    "attention": _attention_result,
    "transformer": _transformer_result,
}


def _repeated(call: Call, arguments: Arguments) -> Value:
    """``TransformerEncoder(layer, n)``: copies of one layer in a row."""
    module = arguments.positional[0]
    MODULE.state["__init__"].code(call, Arguments([module]))
    call.interpreter.heap.write(module.state, "layer", arguments.get(1, "encoder_layer", UNKNOWN))
    return None


def _repeated_forward(call: Call, arguments: Arguments) -> Value:
    module = arguments.positional[0]
    return call.interpreter.call(
        module.state.get("layer", UNKNOWN), Arguments(arguments.positional[1:2]), call.node
    )


SYMBOLS: dict[str, Value] = {
    f"torch.nn.{name}": library_class(
        f"torch.nn.{name}",
        (MODULE,),
        {
            "_kind": spec.kind,
            "__init__": native(f"{name}.__init__", _init(spec)),
            "forward": native(f"{name}.forward", _forward(spec)),
        },
    )
    for name, spec in TABLE.items()
}
SYMBOLS |= {
    f"torch.nn.{name}": library_class(
        f"torch.nn.{name}",
        (MODULE,),
        {"__init__": native("__init__", _repeated), "forward": native("forward", _repeated_forward)},
    )
    for name in ("TransformerEncoder", "TransformerDecoder")
}
ALIASED_LAYERS: tuple[tuple[str, str], ...] = (("NonDynamicallyQuantizableLinear", "Linear"),)

__all__ = ["SYMBOLS", "TABLE", "Place", "Weight", "layer_of"]
