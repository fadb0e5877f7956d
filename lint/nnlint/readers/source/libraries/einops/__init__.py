"""einops: patterns of axes as operations, as functions and as layers."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, ListValue, Native, Value
from nnlint.readers.source.libraries.torch.functions import METHODS
from nnlint.readers.source.libraries.torch.modules import MODULE, init_module
from nnlint.readers.source.libraries.weights import size_of

KINDS = {"rearrange": "rearrange", "repeat": "rearrange", "reduce": "pattern_reduce"}


def _apply(does: str, call: Call, value: Value, pattern: Value, sizes: dict[str, Value] | None) -> Value:
    i = call.interpreter
    tensor = _stacked(call, value) if isinstance(value, ListValue | tuple) else as_tensor(i, value, call.node)
    known = None if sizes is None else {name: size_of(size) for name, size in sizes.items()}
    attributes = {"pattern": pattern, "sizes": known, "does": does}
    return i.operate(KINDS[does], (tensor,), attributes, call.place)


def _stacked(call: Call, values: Value) -> Tensor:
    """A list of tensors counts as one with an axis in front."""
    i = call.interpreter
    parts = iterate(i, values)
    if parts is None:
        return as_tensor(i, UNKNOWN, call.node)
    return i.operate("stack", [as_tensor(i, part, call.node) for part in parts], {"axis": 0}, call.place)


def _function(does: str) -> Native:
    def run(call: Call, arguments: Arguments) -> Value:
        sizes = {k: v for k, v in arguments.keywords.items() if k not in ("pattern", "tensor", "reduction")}
        value, pattern = arguments.get(0, "tensor", UNKNOWN), arguments.get(1, "pattern", UNKNOWN)
        return _apply(does, call, value, pattern, None if arguments.open else sizes)

    return native(does, run)


def _einsum(call: Call, arguments: Arguments) -> Value:
    """einops takes the pattern last, and words for letters."""
    *tensors, pattern = arguments.positional or [UNKNOWN]
    words = pattern.replace("->", " ").replace(",", " ").split() if isinstance(pattern, str) else []
    if not words or any(len(word) > 1 and word != "..." for word in words):
        return as_tensor(call.interpreter, UNKNOWN, call.node)
    return METHODS["einsum"](call, Arguments([pattern, *tensors]))


def _layer(name: str, does: str) -> Value:
    def init(call: Call, arguments: Arguments) -> Value:
        module = arguments.positional[0]
        init_module(call, Arguments([module]))
        sizes = {k: v for k, v in arguments.keywords.items() if k not in ("pattern", "reduction")}
        write = call.interpreter.heap.write
        write(module.state, "_pattern", arguments.get(1, "pattern", UNKNOWN))
        write(module.state, "_sizes", None if arguments.open else tuple(sizes.items()))
        return None

    def forward(call: Call, arguments: Arguments) -> Value:
        state, value = arguments.positional[0].state, arguments.get(1, "input", UNKNOWN)
        sizes = state.get("_sizes")
        known = dict(sizes) if isinstance(sizes, tuple) else None
        return _apply(does, call, value, state.get("_pattern", UNKNOWN), known)

    members = {"_kind": KINDS[does], "__init__": native(name, init), "forward": native(name, forward)}
    return library_class(f"einops.layers.torch.{name}", (MODULE,), members)


SYMBOLS: dict[str, Value] = {
    **{f"einops.{name}": _function(name) for name in KINDS},
    "einops.einsum": native("einops.einsum", _einsum),
    "einops.layers.torch.Rearrange": _layer("Rearrange", "rearrange"),
    "einops.layers.torch.Reduce": _layer("Reduce", "reduce"),
}
