"""Functions of ``torch`` and ``torch.nn.functional`` that fit no row of the table."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from nnlint.network.graph import Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Size, divide, multiply
from nnlint.readers.source.facts.gates import gated, owner_name
from nnlint.readers.source.facts.writes import writing
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.numbers import picked
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, ListValue, Stream, Value, Weight
from nnlint.readers.source.libraries.rows import Code, plain
from nnlint.readers.source.libraries.weights import size_of

MAX_PARTS = 256
"""More parts of a tensor than this are not followed one by one."""


def of_tensor(call: Call, value: Value) -> Tensor:
    """The tensor that a value is, an unknown one for anything else."""
    return as_tensor(call.interpreter, value, call.node)


def sizes_of(values: list[Value]) -> tuple[Size, ...] | None:
    """Sizes given as several arguments or as one sequence."""
    if len(values) == 1 and isinstance(values[0], tuple | ListValue):
        items = values[0].items if isinstance(values[0], ListValue) else values[0]
        if items is None:
            return None
        values = list(items)
    if len(values) == 1 and not isinstance(values[0], int) and size_of(values[0]) is None:
        return None  # one unknown argument may be a whole shape
    return tuple(size_of(v) for v in values)


def _reshape(kind: str, **fixed: Any) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
        rest = arguments.positional[1:] or [
            arguments.keywords.get("shape", arguments.keywords.get("size", UNKNOWN))
        ]
        sizes = None if arguments.open else sizes_of(rest)
        return call.interpreter.operate(kind, (tensor,), {"sizes": sizes, **fixed}, call.place)

    return run


def _permute(call: Call, arguments: Arguments) -> Value:
    tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
    rest = arguments.positional[1:] or [arguments.keywords.get("dims", UNKNOWN)]
    order = None if arguments.open else sizes_of(rest)
    return call.interpreter.operate("permute", (tensor,), {"order": order}, call.place)


def several(kind: str) -> Code:
    """cat and stack."""

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        axis = arguments.get(1, "dim", arguments.keywords.get("axis", 0))
        parts = iterate(i, arguments.get(0, "tensors", UNKNOWN))
        if not parts:
            return i.operate("unknown", (), {}, call.place)
        return i.operate(kind, [of_tensor(call, p) for p in parts], {"axis": axis}, call.place)

    return run


def _chunks(call: Call, arguments: Arguments) -> Value:
    tensor, count, axis = (
        of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        arguments.get(1, "chunks", UNKNOWN),
        arguments.get(2, "dim", 0),
    )
    if not isinstance(count, int) or not 0 < count <= MAX_PARTS:
        return UNKNOWN
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if not isinstance(size, int):
        return _parts(call, tensor, axis, [divide(size, count) if size is not None else None] * count)
    each = max(
        -(-size // count), 1
    )  # all but the last are of this size, so there may be fewer than asked for
    return _parts(call, tensor, axis, [min(each, size - at) for at in range(0, size, each)])


def _parts(call: Call, tensor: Tensor, axis: Value, sizes: Iterable[Size]) -> Value:
    found, start = [], 0
    for n, size in enumerate(sizes):
        attributes = {"axis": axis, "size": size, "part": n}
        if isinstance(size, int):
            attributes |= picked(tensor, slice(start, start + size))
            start += size
        found.append(call.interpreter.operate("split", (tensor,), attributes, call.place))
    return tuple(found)


def _cuts(arguments: Arguments) -> Value:
    return arguments.keywords.get("indices", arguments.keywords.get("sections", UNKNOWN))


def _tensor_split(call: Call, arguments: Arguments) -> Value:
    """The first parts take what is left over; or cuts at given places."""
    tensor, wanted, axis = (
        of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        plain(arguments.get(1, "indices_or_sections", _cuts(arguments))),
        arguments.get(2, "dim", 0),
    )
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if isinstance(wanted, int) and 0 < wanted <= MAX_PARTS:
        known = isinstance(size, int)
        sizes: list[Size] = [(size // wanted + (n < size % wanted)) if known else None for n in range(wanted)]  # type: ignore[operator]
        return _parts(call, tensor, axis, sizes)
    if isinstance(wanted, tuple) and isinstance(size, int) and all(isinstance(w, int) for w in wanted):
        cuts = [0, *(slice(0, w).indices(size)[1] for w in wanted), size]
        return _parts(call, tensor, axis, [max(b - a, 0) for a, b in pairwise(cuts)])
    return UNKNOWN


def _split(call: Call, arguments: Arguments) -> Value:
    tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
    wanted, axis = (
        plain(arguments.get(1, "split_size_or_sections", arguments.keywords.get("split_size", UNKNOWN))),
        arguments.get(2, "dim", 0),
    )
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if isinstance(wanted, int) and isinstance(size, int) and wanted > 0 and size // wanted <= MAX_PARTS:
        wanted = tuple(min(wanted, size - at) for at in range(0, size, wanted))
    if isinstance(wanted, tuple):
        return _parts(call, tensor, axis, map(size_of, wanted))
    if not isinstance(axis, int):
        return UNKNOWN
    return Stream(call.interpreter.operate("split", (tensor,), {"axis": axis, "size": None}, call.place))


def _unbind(call: Call, arguments: Arguments) -> Value:
    tensor, axis = of_tensor(call, arguments.get(0, "input", UNKNOWN)), arguments.get(1, "dim", 0)
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if not isinstance(size, int) or not 0 < size <= MAX_PARTS or tensor.shape.rank is None:
        return UNKNOWN
    position = axis % tensor.shape.rank
    shape = Shape(tuple(s for n, s in enumerate(tensor.shape.sizes) if n != position))
    return tuple(
        call.interpreter.operate("index", (tensor,), {"shape": shape}, call.place) for _ in range(size)
    )


def _extreme(kind: str) -> Code:
    """max and min: one value, the larger of two, or values with indices."""

    def run(call: Call, arguments: Arguments) -> Value:
        i, tensor = call.interpreter, of_tensor(call, arguments.get(0, "input", UNKNOWN))
        second = arguments.get(1, "dim", None)
        if isinstance(second, Tensor | Weight):
            return i.operate(f"{kind}imum", (tensor, of_tensor(call, second)), {}, call.place)
        if second is None:
            return i.operate(kind, (tensor,), {}, call.place)
        attributes = {"axis": second, "keepdim": arguments.get(2, "keepdim", False)}
        return (
            i.operate(kind, (tensor,), attributes, call.place),
            i.operate("argmax", (tensor,), attributes, call.place),
        )

    return run


def dropout(call: Call, arguments: Arguments) -> Value:
    """``F.dropout``, which drops also in evaluation unless it is told."""
    return _drop(call, bind_signature("input p=0.5 training=True inplace=False", arguments), arguments)


def _alpha_dropout(call: Call, arguments: Arguments) -> Value:
    return _drop(call, bind_signature("input p=0.5 training=False inplace=False", arguments), arguments)


def _drop(call: Call, bound: dict[str, Value], arguments: Arguments) -> Value:
    attributes = {
        "p": bound["p"],
        "training": bound["training"],
        "functional": True,
        "given": "training" in arguments.keywords or len(arguments.positional) > 2,
        "gated": gated(call.interpreter, call.node),
        "owner": owner_name(call.interpreter),
        "inplace": bound["inplace"],
    }
    tensor = of_tensor(call, bound["input"])
    return call.interpreter.operate("dropout", (tensor,), writing(call.interpreter, attributes), call.place)


def _linear(call: Call, arguments: Arguments) -> Value:
    x, weight = (
        of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        of_tensor(call, arguments.get(1, "weight", UNKNOWN)),
    )
    known = weight.shape.rank == 2
    attributes = {
        "in_features": weight.shape.axis(1) if known else None,
        "out_features": weight.shape.axis(0) if known else None,
    }
    return call.interpreter.operate("linear", (x, weight), attributes, call.place)


def _conv(dims: int) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature("input weight bias=None stride=1 padding=0 dilation=1 groups=1", arguments)
        weight = of_tensor(call, bound["weight"])
        known, groups = weight.shape.rank == dims + 2, bound["groups"]
        into = weight.shape.axis(1) if known else None
        attributes = {
            "dims": dims,
            "out_channels": weight.shape.axis(0) if known else None,
            "in_channels": into * groups if isinstance(into, int) and isinstance(groups, int) else None,
            "kernel": weight.shape.sizes[2:] if known else UNKNOWN,
            **{name: plain(bound[name]) for name in ("stride", "padding", "dilation", "groups")},
        }
        return call.interpreter.operate(
            "conv", (of_tensor(call, bound["input"]), weight), attributes, call.place
        )

    return run


def _conv_transpose(dims: int) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(
            "input weight bias=None stride=1 padding=0 output_padding=0 groups=1 dilation=1", arguments
        )
        weight = of_tensor(call, bound["weight"])
        known, groups = weight.shape.rank == dims + 2, bound["groups"]
        attributes = {
            "dims": dims,
            "in_channels": weight.shape.axis(0) if known else None,
            "out_channels": multiply(weight.shape.axis(1), size_of(groups)) if known else None,
            "kernel": weight.shape.sizes[2:] if known else UNKNOWN,
            **{n: plain(bound[n]) for n in ("stride", "padding", "output_padding", "dilation", "groups")},
        }
        inputs = (of_tensor(call, bound["input"]), weight)
        return call.interpreter.operate("conv_transpose", inputs, attributes, call.place)

    return run


def _embedding(call: Call, arguments: Arguments) -> Value:
    x, weight = (
        of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        of_tensor(call, arguments.get(1, "weight", UNKNOWN)),
    )
    return call.interpreter.operate("embedding", (x, weight), {"dim": weight.shape.axis(-1)}, call.place)


def _where(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) < 3:
        return UNKNOWN
    parts = [of_tensor(call, v) for v in arguments.positional[:3]]
    return call.interpreter.operate("where", parts, {}, call.place)


def _opaque(call: Call, arguments: Arguments) -> Value:
    """A function that gives some tensor of its tensor arguments."""
    inputs = [
        v if isinstance(v, Tensor) else v.tensor for v in arguments.all() if isinstance(v, Tensor | Weight)
    ]
    return call.interpreter.operate("unknown", inputs, {}, call.place)


SPECIAL: dict[str, Code] = {
    "view": _reshape("reshape", view=True),
    "reshape": _reshape("reshape"),
    "expand": _reshape("expand"),
    "broadcast_to": _reshape("expand"),
    "permute": _permute,
    "chunk": _chunks,
    "split": _split,
    "split_with_sizes": _split,
    "tensor_split": _tensor_split,
    "unbind": _unbind,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "where": _where,
    **dict.fromkeys(("histc", "bincount", "cov", "corrcoef"), _opaque),
}
FUNCTIONAL_ONLY: dict[str, Code] = {
    "dropout": dropout,
    **dict.fromkeys(("dropout1d", "dropout2d", "dropout3d", "feature_dropout"), dropout),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), _alpha_dropout),
    "linear": _linear,
    **{f"conv{d}d": _conv(d) for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": _conv_transpose(d) for d in (1, 2, 3)},
    "embedding": _embedding,
    "bilinear": _opaque,
}
