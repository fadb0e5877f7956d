"""Functions of ``torch`` and ``torch.nn.functional`` that fit no row of the table."""

from __future__ import annotations

from typing import Any

from nnlint.network.graph import Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size, divide
from nnlint.readers.source.gates import gated, owner_name
from nnlint.readers.source.iteration import iterate
from nnlint.readers.source.operators import as_tensor
from nnlint.readers.source.rows import Code, plain
from nnlint.readers.source.signature import bind_signature
from nnlint.readers.source.values import UNKNOWN, Arguments, Call, ListValue, Value, Weight
from nnlint.readers.source.weights import size_of


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


def _repeat(call: Call, arguments: Arguments) -> Value:
    tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
    return call.interpreter.operate("index", (tensor,), {"shape": UNKNOWN_SHAPE}, call.place)


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
    if not isinstance(count, int) or not 0 < count <= 64:
        return UNKNOWN
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    each = divide(size, count) if isinstance(size, int) and size % count == 0 else None
    return tuple(
        call.interpreter.operate("split", (tensor,), {"axis": axis, "size": each, "part": n}, call.place)
        for n in range(count)
    )


def _split(call: Call, arguments: Arguments) -> Value:
    tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
    wanted, axis = (
        plain(arguments.get(1, "split_size_or_sections", arguments.keywords.get("split_size", UNKNOWN))),
        arguments.get(2, "dim", 0),
    )
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if isinstance(wanted, int) and isinstance(size, int) and wanted > 0 and size // wanted <= 64:
        wanted = tuple(min(wanted, size - at) for at in range(0, size, wanted))
    if not isinstance(wanted, tuple):
        return UNKNOWN
    return tuple(
        call.interpreter.operate(
            "split", (tensor,), {"axis": axis, "size": size_of(s), "part": n}, call.place
        )
        for n, s in enumerate(wanted)
    )


def _unbind(call: Call, arguments: Arguments) -> Value:
    tensor, axis = of_tensor(call, arguments.get(0, "input", UNKNOWN)), arguments.get(1, "dim", 0)
    size = tensor.shape.axis(axis) if isinstance(axis, int) else None
    if not isinstance(size, int) or not 0 < size <= 64 or tensor.shape.rank is None:
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


def _top(call: Call, arguments: Arguments) -> Value:
    i, tensor = call.interpreter, of_tensor(call, arguments.get(0, "input", UNKNOWN))
    values = i.operate("index", (tensor,), {"shape": UNKNOWN_SHAPE}, call.place)
    return (values, i.operate("unknown", (tensor,), {}, call.place))


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
    }
    return call.interpreter.operate("dropout", (of_tensor(call, bound["input"]),), attributes, call.place)


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
    "expand_as": _opaque,
    "view_as": _opaque,
    "permute": _permute,
    "movedim": _opaque,
    "repeat": _repeat,
    "tile": _repeat,
    "unflatten": _opaque,
    "chunk": _chunks,
    "split": _split,
    "unbind": _unbind,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "topk": _top,
    "sort": _top,
    "where": _where,
    **dict.fromkeys(
        (
            "einsum",
            "baddbmm",
            "addmm",
            "outer",
            "tensordot",
            "cumsum",
            "gather",
            "unfold",
            "index_select",
            "scatter",
            "cross",
            "diff",
            "triu",
            "tril",
            "diagonal",
            "bernoulli",
            "multinomial",
            "masked_select",
            "index_add",
            "addcmul",
            "lerp",
            "dot",
            "mv",
            "cosine_similarity",
            "cdist",
            "histc",
            "bincount",
            "nonzero",
            "unique",
            "repeat_interleave",
            "scatter_add",
            "kron",
        ),
        _opaque,
    ),
}
FUNCTIONAL_ONLY: dict[str, Code] = {
    "dropout": dropout,
    **dict.fromkeys(("dropout1d", "dropout2d", "dropout3d", "feature_dropout"), dropout),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), _alpha_dropout),
    "linear": _linear,
    **{f"conv{d}d": _conv(d) for d in (1, 2, 3)},
    "embedding": _embedding,
    **dict.fromkeys(
        (
            "conv_transpose1d",
            "conv_transpose2d",
            "conv_transpose3d",
            "grid_sample",
            "fold",
            "bilinear",
            "rms_norm",
            "pixel_unshuffle",
            "affine_grid",
        ),
        _opaque,
    ),
}
