"""Layers without parameters that only apply a function: padding, unfolding, distances..."""

from __future__ import annotations

from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Value
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.torch.functions import SYMBOLS as FUNCTIONS
from nnlint.readers.source.libraries.torch.modules import MODULE, keeping_arguments
from nnlint.readers.source.libraries.torch.parameters import spread
from nnlint.readers.source.libraries.torch.picking import unflatten

CLASSES: dict[str, tuple[str, str, dict[str, str]]] = {
    "Unfold": ("unfold", "kernel_size dilation=1 padding=0 stride=1", {}),
    "Fold": ("fold", "output_size kernel_size dilation=1 padding=0 stride=1", {}),
    "PixelUnshuffle": ("pixel_unshuffle", "downscale_factor", {}),
    "ChannelShuffle": ("channel_shuffle", "groups", {}),
    "CosineSimilarity": ("cosine_similarity", "dim=1 eps=1e-8", {}),
    "PairwiseDistance": ("pairwise_distance", "p=2.0 eps=1e-6 keepdim=False", {}),
    "Hardshrink": ("hardshrink", "lambd=0.5", {}),
    "Softshrink": ("softshrink", "lambd=0.5", {}),
}
"""Class -> (function, signature of the constructor, other names that the function has for parameters)."""


def _forward(function: str, signature: str, renamed: dict[str, str]) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        module = arguments.positional[0]
        names = [part.partition("=")[0] for part in signature.split()]
        keywords = {renamed.get(name, name): module.state.get(name, UNKNOWN) for name in names}
        code = FUNCTIONS[f"torch.nn.functional.{function}"].code
        result: Value = code(call, Arguments(arguments.positional[1:], keywords))
        return result

    return run


def _applied(name: str, function: str, signature: str, renamed: dict[str, str]) -> Class:
    methods = {"__init__": keeping_arguments(signature), "forward": _forward(function, signature, renamed)}
    return library_class(
        f"torch.nn.{name}", (MODULE,), {key: native(f"{name}.{key}", code) for key, code in methods.items()}
    )


def _padding(name: str, dims: int, mode: str) -> Class:
    def run(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        pads = tuple(spread(module.state.get("padding", UNKNOWN), 2 * dims))
        attributes = {"pads": pads, "mode": mode, "value": module.state.get("value", 0.0)}
        x = as_tensor(i, arguments.get(1, "input", UNKNOWN), call.node)
        return i.operate("pad", (x,), attributes, call.place)

    signature = "padding value" if name.startswith("Constant") else "padding"
    methods = {"__init__": native(name, keeping_arguments(signature)), "forward": native(name, run)}
    return library_class(f"torch.nn.{name}", (MODULE,), dict(methods))


def _unflatten(call: Call, arguments: Arguments) -> Value:
    module, x = arguments.positional[0], arguments.get(1, "input", UNKNOWN)
    sizes = module.state.get("unflattened_size", UNKNOWN)
    sizes = getattr(sizes, "items", sizes) if not isinstance(sizes, tuple) else sizes
    return unflatten(call, as_tensor(call.interpreter, x, call.node), module.state.get("dim"), sizes)


UNFLATTEN = {
    "__init__": native("Unflatten", keeping_arguments("dim unflattened_size")),
    "forward": native("Unflatten", _unflatten),
}
MODES = {"Zero": "constant", "Constant": "constant", "Reflection": "reflect", "Replication": "replicate"}

SYMBOLS: dict[str, Value] = {
    **{f"torch.nn.{name}": _applied(name, *row) for name, row in CLASSES.items()},
    **{
        f"torch.nn.{kind}Pad{dims}d": _padding(f"{kind}Pad{dims}d", dims, mode)
        for kind, mode in {**MODES, "Circular": "circular"}.items()
        for dims in (1, 2, 3)
    },
    "torch.nn.Unflatten": library_class("torch.nn.Unflatten", (MODULE,), dict(UNFLATTEN)),
}
