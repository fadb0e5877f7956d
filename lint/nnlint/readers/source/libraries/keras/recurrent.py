"""Recurrent layers of Keras, their wrappers, and attention."""

from __future__ import annotations

from typing import Any

from nnlint.network.graph import Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Size, multiply
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value, new_list
from nnlint.readers.source.libraries.keras.base import items_of, shape_from
from nnlint.readers.source.libraries.keras.initializers import initialization_of, regularizer_of
from nnlint.readers.source.libraries.keras.layers import bind_layer, ensure_built, first_tensor, layer_class
from nnlint.readers.source.libraries.keras.legacy import modern, note_ordering
from nnlint.readers.source.libraries.keras.shaping import init_with, step
from nnlint.readers.source.libraries.keras.table import Bound, Spec, Weights
from nnlint.readers.source.libraries.modules import attributes_of
from nnlint.readers.source.libraries.weights import make_weight, size_of

_REST = (
    "use_bias=True kernel_initializer='glorot_uniform' recurrent_initializer='orthogonal'"
    " bias_initializer='zeros'"
)
_PENALTIES = (
    "kernel_regularizer=None recurrent_regularizer=None bias_regularizer=None activity_regularizer=None"
    " kernel_constraint=None recurrent_constraint=None bias_constraint=None dropout=0.0 recurrent_dropout=0.0"
    " seed=None return_sequences=False return_state=False go_backwards=False stateful=False unroll=False"
)
_GATED = "units activation='tanh' recurrent_activation='sigmoid'"

CELLS: dict[str, tuple[str, int, str]] = {
    "SimpleRNN": ("rnn", 1, f"units activation='tanh' {_REST} {_PENALTIES}"),
    "LSTM": ("lstm", 4, f"{_GATED} {_REST} unit_forget_bias=True {_PENALTIES}"),
    "CuDNNLSTM": ("lstm", 4, f"{_GATED} {_REST} unit_forget_bias=True {_PENALTIES}"),
    "GRU": ("gru", 3, f"{_GATED} {_REST} {_PENALTIES} reset_after=True"),
    "CuDNNGRU": ("gru", 3, f"{_GATED} {_REST} {_PENALTIES} reset_after=True"),
}
"""Class -> (cell, gates, signature)."""


def _build(gates: int) -> Any:
    def build(bound: Bound, x: Shape) -> tuple[dict[str, Any], Weights]:
        into, units = x.axis(-1), size_of(bound["units"])
        rows = multiply(units, gates)
        weights: dict[str, tuple[Size, ...]] = {"kernel": (into, rows), "recurrent_kernel": (units, rows)}
        if bound["use_bias"] is not False:
            weights["bias"] = (2, rows) if bound.get("reset_after") is True else (rows,)
        return ({"input_size": into} if isinstance(into, int) else {}), weights

    return build


SPECS = {
    name: Spec("rnn", signature, {}, {}, _build(gates), {"recurrent_kernel": "recurrent_initializer"})
    for name, (_, gates, signature) in CELLS.items()
}


def _init(name: str) -> Any:
    cell, _, signature = CELLS[name]

    def run(call: Call, arguments: Arguments) -> Value:
        layer = arguments.positional[0]
        if not isinstance(layer, Instance):
            return None
        given = modern(name, arguments.after_self())
        bound = bind_layer(call, layer, signature, given)
        attributes = {
            "cell": cell,
            "hidden_size": bound["units"],
            "num_layers": 1,
            "batch_first": True,
            "bidirectional": False,
            "unbatched": False,
            "nonlinearity": bound["activation"],
            **{key: bound[key] for key in ("return_sequences", "return_state", "dropout")},
            **{
                key: regularizer_of(value)
                for key, value in bound.items()
                if key.endswith("_regularizer") and value is not None
            },
        }
        call.interpreter.heap.write(layer.state, "_bound", bound)
        call.interpreter.heap.write(layer.state, "_attributes", attributes)
        _first_input(call, layer, given.keywords)
        return None

    return run


def _first_input(call: Call, layer: Instance, keywords: dict[str, Value]) -> None:
    if "input_dim" in keywords and "_input_shape" not in layer.state:
        sizes = (keywords.get("input_length"), keywords["input_dim"])
        call.interpreter.heap.write(layer.state, "_input_shape", shape_from(sizes))


def _run(call: Call, layer: Instance, x: Tensor, attributes: dict[str, Any]) -> Value:
    """The output, and with ``return_state`` the last states behind it."""
    output = step(call, layer, "rnn", (x,), **attributes)
    if attributes.get("return_state") is False:
        return output
    if attributes.get("return_state") is not True:
        return UNKNOWN
    last = {**attributes, "return_sequences": False, "bidirectional": False, "state": True}
    ways = 2 if attributes.get("directions") == 2 else 1
    count = ways * (2 if attributes["cell"] == "lstm" else 1)
    return new_list((output, *(step(call, layer, "rnn", (x,), **last) for _ in range(count))))


def _call(name: str) -> Any:
    def run(call: Call, arguments: Arguments) -> Value:
        layer, x = arguments.positional[0], first_tensor(call, arguments)
        ensure_built(call, layer, SPECS[name], x.shape)
        return _run(call, layer, x, dict(attributes_of(layer)))

    return run


# wrappers


def _bidirectional_init(call: Call, arguments: Arguments) -> Value:
    layer = arguments.positional[0]
    if not isinstance(layer, Instance):
        return None
    bound = bind_layer(
        call, layer, "layer merge_mode='concat' weights=None backward_layer=None", arguments.after_self()
    )
    i, inner = call.interpreter, bound["layer"]
    i.heap.write(layer.state, "layer", None)
    i.heap.write(layer.state, "_inner", (inner,))  # in a tuple: its weights are this layer's, twice
    if isinstance(inner, Instance) and inner.cls.name in CELLS:
        merged = bound["merge_mode"]
        known = merged == "concat" if isinstance(merged, str) else UNKNOWN
        attributes = {**attributes_of(inner), "bidirectional": known, "directions": 2}
        i.heap.write(layer.state, "_attributes", attributes)
        if "_input_shape" in inner.state and "_input_shape" not in layer.state:
            i.heap.write(layer.state, "_input_shape", inner.state["_input_shape"])
    return None


def _bidirectional(call: Call, arguments: Arguments) -> Value:
    layer, x = arguments.positional[0], first_tensor(call, arguments)
    inner = (layer.state.get("_inner") or (None,))[0]
    if not isinstance(inner, Instance) or inner.cls.name not in CELLS:
        return step(call, layer, "unknown", (x,))
    if "_complete" not in layer.state and isinstance(inner.state.get("_bound"), dict):
        bound = inner.state["_bound"]
        extra, weights = SPECS[inner.cls.name].build(bound, x.shape)
        layer.state["_attributes"] = {**attributes_of(layer), **extra}
        for name, sizes in weights.items():
            key = SPECS[inner.cls.name].starts.get(name, f"{name}_initializer")
            for way in ("forward", "backward"):
                weight = make_weight(sizes, layer.place, initialization_of(bound[key], inner.place))
                layer.state[f"{way}_{name}"] = weight
        layer.state["_complete"] = True
    attributes = dict(attributes_of(layer))
    if layer.state.get("merge_mode") is None:
        return UNKNOWN
    return _run(call, layer, x, attributes)


def _time_distributed_init(call: Call, arguments: Arguments) -> Value:
    init_with("layer")(call, arguments)
    if isinstance(arguments.positional[0], Instance):
        note_ordering(call, arguments.positional[0], arguments.after_self())
    return None


def _time_distributed(call: Call, arguments: Arguments) -> Value:
    """The layer at every step: (N, T, …) -> (N, T, …'). What sees one axis only is applied directly."""
    wrapper, x = arguments.positional[0], first_tensor(call, arguments)
    i, inner = call.interpreter, wrapper.state.get("layer", UNKNOWN)
    if isinstance(inner, Instance) and inner.cls.name in ("Dense", "Activation", "Dropout", "ReLU"):
        return i.call(inner, Arguments([x]), call.node)
    one = Shape(open=True)
    if x.shape.rank is not None and x.shape.rank > 2:
        one = Shape((x.shape.sizes[0], *x.shape.sizes[2:]))
    each = step(call, wrapper, "index", (x,), shape=one, each="step")
    result = as_tensor(i, i.call(inner, Arguments([each]), call.node), call.node)
    every = Shape(open=True)
    if result.shape.rank and x.shape.rank:
        every = Shape((result.shape.sizes[0], x.shape.axis(1), *result.shape.sizes[1:]))
    return step(call, wrapper, "index", (result,), shape=every, each="step")


# attention

_HEADS = (
    "num_heads key_dim value_dim=None dropout=0.0 use_bias=True output_shape=None attention_axes=None"
    " flash_attention=None kernel_initializer='glorot_uniform' bias_initializer='zeros'"
)


def _attention_init(call: Call, arguments: Arguments) -> Value:
    layer = arguments.positional[0]
    if isinstance(layer, Instance):
        bound = bind_layer(call, layer, _HEADS, arguments.after_self())
        attributes = {"heads": bound["num_heads"], "head_dim": bound["key_dim"]}
        attributes |= {"batch_first": True, "dropout": bound["dropout"]}
        call.interpreter.heap.write(layer.state, "_attributes", attributes)
    return None


def _attention(call: Call, arguments: Arguments) -> Value:
    layer, i = arguments.positional[0], call.interpreter
    query = first_tensor(call, arguments) if len(arguments.positional) > 1 else UNKNOWN
    query = as_tensor(i, arguments.get(1, "query", query), call.node)
    value = as_tensor(i, arguments.get(2, "value", query), call.node)
    key = as_tensor(i, arguments.get(3, "key", None) or value, call.node)
    _attention_weights(call, layer, query, value)
    attributes = dict(attributes_of(layer))
    result = step(call, layer, "attention", (query, key, value), **attributes)
    scores = arguments.keywords.get("return_attention_scores", False)
    return result if scores is False else (result, i.operate("unknown", (), {}, call.place))


def _attention_weights(call: Call, layer: Instance, query: Tensor, value: Tensor) -> None:
    if "query_kernel" in layer.state:
        return
    state = layer.state
    width, heads, size = query.shape.axis(-1), size_of(state["num_heads"]), size_of(state["key_dim"])
    inner = size if state["value_dim"] is None else size_of(state["value_dim"])
    out = width if state["output_shape"] is None else None
    shapes: dict[str, tuple[Size, ...]] = {
        "query_kernel": (width, heads, size),
        "key_kernel": (value.shape.axis(-1), heads, size),
        "value_kernel": (value.shape.axis(-1), heads, inner),
        "output_kernel": (heads, inner, out),
    }
    if state["use_bias"] is not False:
        shapes |= {"query_bias": (heads, size), "key_bias": (heads, size)}
        shapes |= {"value_bias": (heads, inner), "output_bias": (out,)}
    for name, sizes in shapes.items():
        start = state["bias_initializer" if name.endswith("bias") else "kernel_initializer"]
        state[name] = make_weight(sizes, layer.place, initialization_of(start, layer.place))
    if isinstance(width, int) and out is not None:
        state["_attributes"] = {**attributes_of(layer), "embed_dim": width}


def _dot_attention(call: Call, arguments: Arguments) -> Value:
    """``Attention()([query, value, key])``."""
    layer, i = arguments.positional[0], call.interpreter
    parts = items_of(arguments.get(1, "inputs", UNKNOWN))
    if parts is None or len(parts) < 2:
        return step(call, layer, "unknown", ())
    query, value, *key = (as_tensor(i, part, call.node) for part in parts)
    return step(call, layer, "scaled_dot_product", (query, key[0] if key else value, value))


SYMBOLS: dict[str, Value] = {
    **{f"keras.layers.{name}": layer_class(name, "rnn", _init(name), _call(name)) for name in CELLS},
    "keras.layers.Bidirectional": layer_class("Bidirectional", "rnn", _bidirectional_init, _bidirectional),
    "keras.layers.TimeDistributed": layer_class(
        "TimeDistributed", "index", _time_distributed_init, _time_distributed
    ),
    "keras.layers.MultiHeadAttention": layer_class(
        "MultiHeadAttention", "attention", _attention_init, _attention
    ),
    **{
        f"keras.layers.{name}": layer_class(
            name, "scaled_dot_product", init_with("use_scale=False dropout=0.0"), _dot_attention
        )
        for name in ("Attention", "AdditiveAttention")
    },
}
