"""``nn.TransformerEncoder`` and ``nn.TransformerDecoder``: copies of one layer in a row."""

from __future__ import annotations

from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Instance,
    Unknown,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.modules import is_module
from nnlint.readers.source.libraries.standard import deep_copy
from nnlint.readers.source.libraries.torch.containers import SYMBOLS as CONTAINERS
from nnlint.readers.source.libraries.torch.modules import MODULE

MAX_COPIES = 64
"""Deeper stacks are run as one layer."""


def _init(call: Call, arguments: Arguments) -> Value:
    module, i = arguments.positional[0], call.interpreter
    MODULE.state["__init__"].code(call, Arguments([module]))
    bound = bind_signature("layer num_layers norm=None", _named(arguments.after_self()))
    layer, count = bound["layer"], bound["num_layers"]
    known = isinstance(count, int) and 0 <= count <= MAX_COPIES and is_module(layer)
    copies = [deep_copy(call, layer, {}) for _ in range(count)] if known else [layer]
    held = i.construct(CONTAINERS["torch.nn.ModuleList"], Arguments([new_list(tuple(copies))]), call.node)
    i.heap.write(module.state, "layers", held)
    i.heap.write(module.state, "num_layers", count)
    i.heap.write(module.state, "norm", bound["norm"])
    return None


def _named(arguments: Arguments) -> Arguments:
    own = {"encoder_layer": "layer", "decoder_layer": "layer"}
    keywords = {own.get(name, name): value for name, value in arguments.keywords.items()}
    return Arguments(arguments.positional, keywords, arguments.open, arguments.names)


def _forward(call: Call, arguments: Arguments) -> Value:
    module, i = arguments.positional[0], call.interpreter
    x = arguments.get(1, "src", arguments.keywords.get("tgt", UNKNOWN))
    held = module.state.get("layers")
    items = held.state.get("_items") if isinstance(held, Instance) else None
    layers = list(items.values()) if isinstance(items, DictValue) and not items.open else [UNKNOWN]
    for layer in [*layers, module.state.get("norm")]:
        if layer is not None and not (isinstance(layer, Unknown) and layer is not layers[0]):
            x = i.call(layer, Arguments([x]), call.node)
    return x


SYMBOLS: dict[str, Value] = {
    f"torch.nn.{name}": library_class(
        f"torch.nn.{name}",
        (MODULE,),
        {"__init__": native("__init__", _init), "forward": native("forward", _forward)},
    )
    for name in ("TransformerEncoder", "TransformerDecoder")
}
