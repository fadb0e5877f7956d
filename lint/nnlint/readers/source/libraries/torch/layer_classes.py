"""The layers of the table at work: arguments bound, parameters made, operations applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nnlint.network.graph import Layer, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.facts.devices import with_weights
from nnlint.readers.source.facts.gates import gated, owner_name
from nnlint.readers.source.facts.writes import writing
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature, literal
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.modules import attributes_of as kept_attributes
from nnlint.readers.source.libraries.modules import layer_of, tensors_in, weights
from nnlint.readers.source.libraries.rows import plain
from nnlint.readers.source.libraries.torch.attention import masked
from nnlint.readers.source.libraries.torch.layers import DEFAULT, TABLE, Spec
from nnlint.readers.source.libraries.torch.modules import MODULE
from nnlint.readers.source.libraries.torch.parameters import Bound
from nnlint.readers.source.libraries.torch.settings import held_besides
from nnlint.readers.source.libraries.weights import make_weight, size_of


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
        attributes = attributes_of(bound, spec.attributes, spec.fixed)
        if spec.kind == "dropout":
            attributes["literal"] = literal(call.node, 0, "p")
        write(module.state, "_attributes", attributes)
        for name, sizes in spec.shapes(bound).items():
            write(module.state, name, make_weight(sizes, module.place, spec.initial.get(name, DEFAULT)))
        if bound.get("bias") is False and "bias" not in spec.shapes(bound):
            write(module.state, "bias", None)
        for name, value in held_besides(spec.kind, bound, module, spec.fixed.get("dims")):
            write(module.state, name, value)
        return None

    return run


def _reset(spec: Spec) -> Callable[[Call, Arguments], Value]:
    """``reset_parameters()``: as when it was made."""

    def run(call: Call, arguments: Arguments) -> Value:
        for name, weight in weights(arguments.positional[0]):
            initial = spec.initial.get(name, DEFAULT)
            call.interpreter.heap.write(weight.state, "initialization", initial)
        return None

    return run


SEQUENCE_AXES = 3

INPUTS: Mapping[str, tuple[str, ...]] = {
    "attention": ("query", "key", "value"),
    "bilinear": ("input1", "input2"),
    "transformer": ("src",),
}
"""Tensors that layers of several inputs may be given by name."""


def _forward(spec: Spec) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        given = [*arguments.positional[1:]]
        given += [
            arguments.keywords[n] for n in INPUTS.get(spec.kind, ())[len(given) :] if n in arguments.keywords
        ]
        inputs = [as_tensor(i, value, call.node) for value in given if value is not None]
        inputs = inputs or [as_tensor(i, v, call.node) for v in list(arguments.keywords.values())[:1]]
        inputs = inputs or [as_tensor(i, UNKNOWN, call.node)]
        attributes = dict(kept_attributes(module))
        inputs[0] = _with_batch(spec.kind, attributes, inputs[0])
        inputs = with_weights(i, module, inputs, call.place)
        layer = layer_of(i, module)
        if spec.kind in ("attention", "transformer"):
            attributes["masked"] = masked(module.cls.name, arguments.after_self())
        if spec.kind in ("rnn", "rnn_cell"):  # the states that it starts from, by their operations
            states = [t for v in given[1:] for t in tensors_in(v)]
            attributes["state"] = tuple(t.operation.number for t in states)
            inputs = [inputs[0], *with_weights(i, module, states, call.place)]
        if spec.kind in RESULTS:
            return RESULTS[spec.kind](call, spec, inputs, attributes, layer, arguments.keywords)
        if spec.kind == "dropout":
            attributes["training"] = module.state.get("training", UNKNOWN)
            attributes["inside"] = module.state.get("_inside", False)
            attributes["gated"] = gated(i, call.node)
            attributes["owner"] = owner_name(i)
        return i.operate(
            spec.kind,
            inputs[:1] if spec.kind != "bilinear" else inputs,
            writing(i, attributes),
            call.place,
            name=layer.name,
            layer=layer,
        )

    return run


def _with_batch(kind: str, attributes: Mapping[str, Any], tensor: Tensor) -> Tensor:
    """What is convolved and of unknown rank is taken for (N, C, …), and (N, L, C) where the batch is first.

    The library takes both without a batch axis, too, but programs hardly ever give them so; no later layer
    could tell the two.
    """
    dims = attributes.get("dims") if kind in ("conv", "conv_transpose") else None
    axes = dims + 2 if isinstance(dims, int) else SEQUENCE_AXES
    told = dims is not None or (kind == "rnn" and attributes.get("batch_first") is True)
    shape = tensor.shape
    if shape.rank is not None or len(shape.sizes) > axes or not told:
        return tensor
    return replace(tensor, shape=Shape(tuple(shape.axis(n - axes) for n in range(axes))))


def _recurrent_result(
    call: Call,
    spec: Spec,
    inputs: list[Tensor],
    attributes: dict[str, Any],
    layer: Layer,
    keywords: Mapping[str, Value],
) -> Value:
    i = call.interpreter
    output = i.operate("rnn", inputs, attributes, call.place, name=layer.name, layer=layer)
    state = i.operate("rnn_state", inputs, attributes, call.place, name=layer.name, layer=layer)
    if attributes.get("cell") == "lstm":
        cell = i.operate("rnn_state", inputs, attributes, call.place, name=layer.name, layer=layer)
        return (output, (state, cell))
    return (output, state)


def _cell_result(
    call: Call,
    spec: Spec,
    inputs: list[Tensor],
    attributes: dict[str, Any],
    layer: Layer,
    keywords: Mapping[str, Value],
) -> Value:
    i = call.interpreter
    state = i.operate("rnn_cell", inputs, attributes, call.place, name=layer.name, layer=layer)
    if attributes.get("cell") == "lstm":
        return (
            state,
            i.operate("rnn_cell", inputs, attributes, call.place, name=layer.name, layer=layer),
        )
    return state


def _attention_result(
    call: Call,
    spec: Spec,
    inputs: list[Tensor],
    attributes: dict[str, Any],
    layer: Layer,
    keywords: Mapping[str, Value],
) -> Value:
    i = call.interpreter
    output = i.operate("attention", inputs[:3], attributes, call.place, name=layer.name, layer=layer)
    if keywords.get("need_weights", True) is False:
        return (output, None)
    weights = {"shape": _weights_shape(inputs, attributes, keywords)}
    return (output, i.operate("computed", inputs[:2], weights, call.place))


def _weights_shape(inputs: list[Tensor], attributes: dict[str, Any], keywords: Mapping[str, Value]) -> Shape:
    """(N, L, S), or (N, heads, L, S) where they are not averaged."""
    first = 1 if attributes.get("batch_first") is True else 0
    query, key = inputs[0].shape, inputs[min(1, len(inputs) - 1)].shape
    averaged = keywords.get("average_attn_weights", True)
    if query.rank != 3 or key.rank != 3 or not isinstance(averaged, bool):
        return UNKNOWN_SHAPE
    if not isinstance(attributes.get("batch_first"), bool):
        return UNKNOWN_SHAPE
    heads = () if averaged else (size_of(attributes.get("heads")),)
    return Shape((query.axis(1 - first), *heads, query.axis(first), key.axis(first)))


def _transformer_result(
    call: Call,
    spec: Spec,
    inputs: list[Tensor],
    attributes: dict[str, Any],
    layer: Layer,
    keywords: Mapping[str, Value],
) -> Value:
    return call.interpreter.operate(
        "transformer", inputs[:1], attributes, call.place, name=layer.name, layer=layer
    )


RESULTS: dict[
    str, Callable[[Call, Spec, list[Tensor], dict[str, Any], Layer, Mapping[str, Value]], Value]
] = {
    "rnn": _recurrent_result,
    "rnn_cell": _cell_result,
    "attention": _attention_result,
    "transformer": _transformer_result,
}


SYMBOLS: dict[str, Value] = {
    f"torch.nn.{name}": library_class(
        f"torch.nn.{name}",
        (MODULE,),
        {
            "_kind": spec.kind,
            "_names": spec.attributes,
            "reset_parameters": native("reset_parameters", _reset(spec)),
            "__init__": native(f"{name}.__init__", _init(spec)),
            "forward": native(f"{name}.forward", _forward(spec)),
        },
    )
    for name, spec in TABLE.items()
}
