"""Functions of ``torch`` and ``torch.nn.functional``, and the tensor methods of the same name.

A row is: operation, signature, attributes. What does not fit a row has a function of its own.
"""

from __future__ import annotations

from typing import Any

from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size, divide
from nnlint.readers.source.definitions import native
from nnlint.readers.source.gates import gated, owner_name
from nnlint.readers.source.iteration import iterate
from nnlint.readers.source.operators import as_tensor
from nnlint.readers.source.rows import Code, Row, plain, run_row
from nnlint.readers.source.signature import bind_signature
from nnlint.readers.source.values import (
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Instance,
    ListValue,
    Native,
    OneOf,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.weights import size_of


def _row(
    kind: str, signature: str = "input", tensors: int = 1, absent: tuple[str, ...] = (), **attributes: str
) -> Row:
    return Row(kind, signature, attributes, {}, tensors, absent)


def _reduction(kind: str) -> Row:
    return _row(kind, "input dim=None keepdim=False", absent=("axis",), axis="dim", keepdim="keepdim")


ROWS: dict[str, Row] = {
    **{
        name: _row(name)
        for name in ("relu", "relu6", "selu", "silu", "mish", "hardswish", "hardsigmoid", "softsign", "tanh")
    },
    **{
        name: _row(name)
        for name in ("sigmoid", "logsigmoid", "exp", "sqrt", "log", "log1p", "square", "round")
    },
    "gelu": _row("gelu", "input approximate='none'"),
    "leaky_relu": _row("leaky_relu", "input negative_slope=0.01", slope="negative_slope"),
    "rrelu": _row("leaky_relu"),
    "prelu": _row("prelu", "input weight"),
    "elu": _row("elu", "input alpha=1.0", alpha="alpha"),
    "celu": _row("celu"),
    "softplus": _row("softplus", "input beta=1.0"),
    "hardtanh": _row("hardtanh", "input min_val=-1.0 max_val=1.0", min="min_val", max="max_val"),
    "threshold": _row("threshold"),
    "glu": _row("glu"),
    "softmax": _row("softmax", "input dim=None", axis="dim"),
    "softmin": _row("softmin", "input dim=None", axis="dim"),
    "log_softmax": _row("log_softmax", "input dim=None", axis="dim"),
    "gumbel_softmax": _row("gumbel_softmax", "input tau=1.0 hard=False eps=1e-10 dim=-1", axis="dim"),
    "abs": _row("absolute"),
    "absolute": _row("absolute"),
    "neg": _row("negative"),
    "pow": _row("power", "input exponent", exponent="exponent"),
    **{
        name: _row("unary")
        for name in (
            "sin",
            "cos",
            "tan",
            "erf",
            "rsqrt",
            "reciprocal",
            "sign",
            "floor",
            "ceil",
            "trunc",
            "expm1",
            "log2",
            "log10",
            "nan_to_num",
            "logit",
            "atan",
            "sinh",
            "cosh",
        )
    },
    "clamp": _row("clamp", "input min=None max=None", absent=("min", "max"), min="min", max="max"),
    "clip": _row("clamp", "input min=None max=None", absent=("min", "max"), min="min", max="max"),
    "clamp_min": _row("clamp", "input min", min="min"),
    "clamp_max": _row("clamp", "input max", max="max"),
    "add": _row("add", "input other", 2),
    "sub": _row("subtract", "input other", 2),
    "subtract": _row("subtract", "input other", 2),
    "mul": _row("multiply", "input other", 2),
    "multiply": _row("multiply", "input other", 2),
    "div": _row("divide", "input other", 2),
    "true_divide": _row("divide", "input other", 2),
    "maximum": _row("maximum", "input other", 2),
    "minimum": _row("minimum", "input other", 2),
    **{name: _row("compare", "input other", 2) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{name: _row("matmul", "input other", 2) for name in ("matmul", "mm", "bmm")},
    "masked_fill": _row("fill", "input mask value"),
    "fill": _row("fill", "input value"),
    "zero": _row("fill"),
    "detach": _row("detach"),
    "long": _row("cast"),
    "int": _row("cast"),
    "bool": _row("cast"),
    "numpy": _row("detach"),
    "flatten": _row("flatten", "input start_dim=0 end_dim=-1", start="start_dim", end="end_dim"),
    "ravel": Row("flatten", "input", {}, {"start": 0, "end": -1}),
    "transpose": _row("transpose", "input dim0 dim1", first="dim0", second="dim1"),
    "swapaxes": _row("transpose", "input axis0 axis1", first="axis0", second="axis1"),
    "t": Row("transpose", "input", {}, {"first": 0, "second": 1}),
    "squeeze": _row("squeeze", "input dim=None", absent=("axis",), axis="dim"),
    "unsqueeze": _row("unsqueeze", "input dim", axis="dim"),
    "roll": _row("roll"),
    "flip": _row("flip"),
    **{name: _reduction(name) for name in ("sum", "mean")},
    **{
        name: _reduction("reduce")
        for name in ("prod", "std", "var", "logsumexp", "any", "all", "amax", "amin", "nanmean")
    },
    "argmax": _reduction("argmax"),
    "argmin": _reduction("argmax"),
    "norm": _row(
        "norm", "input p='fro' dim=None keepdim=False", absent=("axis",), axis="dim", keepdim="keepdim"
    ),
    "one_hot": _row("one_hot", "input num_classes=-1", classes="num_classes"),
    "pixel_shuffle": _row("pixel_shuffle", "input upscale_factor", factor="upscale_factor"),
    "interpolate": _row(
        "interpolate", "input size=None scale_factor=None", size="size", scale="scale_factor"
    ),
    "upsample": _row("interpolate", "input size=None scale_factor=None", size="size", scale="scale_factor"),
    "pad": _row("pad", "input pad", pads="pad"),
    "normalize": _row("normalize", "input p=2.0 dim=1", axis="dim"),
    "scaled_dot_product_attention": _row(
        "scaled_dot_product", "query key value attn_mask=None dropout_p=0.0 is_causal=False", 3, p="dropout_p"
    ),
    **{
        f"max_pool{d}d": Row(
            "max_pool",
            "input kernel_size stride=None padding=0 dilation=1 ceil_mode=False",
            {
                "kernel": "kernel_size",
                "stride": "stride",
                "padding": "padding",
                "dilation": "dilation",
                "ceil_mode": "ceil_mode",
            },
            {"dims": d},
        )
        for d in (1, 2, 3)
    },
    **{
        f"avg_pool{d}d": Row(
            "avg_pool",
            "input kernel_size stride=None padding=0 ceil_mode=False",
            {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "ceil_mode": "ceil_mode"},
            {"dims": d},
        )
        for d in (1, 2, 3)
    },
    **{
        f"adaptive_{kind}_pool{d}d": Row(
            "adaptive_pool", "input output_size", {"output": "output_size"}, {"dims": d, "kind": kind}
        )
        for d in (1, 2, 3)
        for kind in ("avg", "max")
    },
    "instance_norm": _row("instance_norm"),
    "layer_norm": _row("layer_norm", "input normalized_shape", normalized_shape="normalized_shape"),
    "group_norm": _row("group_norm", "input num_groups"),
    "batch_norm": _row("batch_norm"),
    "isnan": _row("compare"),
    "logical_not": _row("compare"),
    "zeros_like": Row("constant", "input", {}, {"range": Range(0.0, 0.0)}),
    "ones_like": Row("constant", "input", {}, {"range": Range(1.0, 1.0)}),
    "rand_like": Row("constant", "input", {}, {"range": Range(0.0, 1.0)}),
    "randn_like": Row("constant", "input"),
}


def _of_tensor(call: Call, value: Value) -> Tensor:
    return as_tensor(call.interpreter, value, call.node)


def _sizes(values: list[Value]) -> tuple[Size, ...] | None:
    """Sizes given as several arguments or as one sequence."""
    if len(values) == 1 and isinstance(values[0], tuple | ListValue):
        items = values[0].items if isinstance(values[0], ListValue) else values[0]
        if items is None:
            return None
        values = list(items)
    if len(values) == 1 and not isinstance(values[0], int) and size_of(values[0]) is None:
        return None  # one unknown argument may be a whole shape
    return tuple(size_of(v) for v in values)


def _reshape(kind: str) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        tensor = _of_tensor(call, arguments.get(0, "input", UNKNOWN))
        rest = arguments.positional[1:] or [
            arguments.keywords.get("shape", arguments.keywords.get("size", UNKNOWN))
        ]
        sizes = None if arguments.open else _sizes(rest)
        return call.interpreter.operate(kind, (tensor,), {"sizes": sizes}, call.place)

    return run


def _permute(call: Call, arguments: Arguments) -> Value:
    tensor = _of_tensor(call, arguments.get(0, "input", UNKNOWN))
    rest = arguments.positional[1:] or [arguments.keywords.get("dims", UNKNOWN)]
    order = None if arguments.open else _sizes(rest)
    return call.interpreter.operate("permute", (tensor,), {"order": order}, call.place)


def _repeat(call: Call, arguments: Arguments) -> Value:
    tensor = _of_tensor(call, arguments.get(0, "input", UNKNOWN))
    return call.interpreter.operate("index", (tensor,), {"shape": UNKNOWN_SHAPE}, call.place)


def _several(kind: str) -> Code:
    """cat and stack."""

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        axis = arguments.get(1, "dim", arguments.keywords.get("axis", 0))
        parts = iterate(i, arguments.get(0, "tensors", UNKNOWN))
        if parts is None:
            return i.operate("unknown", (), {}, call.place)
        return i.operate(kind, [_of_tensor(call, p) for p in parts], {"axis": axis}, call.place)

    return run


def _chunks(call: Call, arguments: Arguments) -> Value:
    tensor, count, axis = (
        _of_tensor(call, arguments.get(0, "input", UNKNOWN)),
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
    tensor = _of_tensor(call, arguments.get(0, "input", UNKNOWN))
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
    tensor, axis = _of_tensor(call, arguments.get(0, "input", UNKNOWN)), arguments.get(1, "dim", 0)
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
        i, tensor = call.interpreter, _of_tensor(call, arguments.get(0, "input", UNKNOWN))
        second = arguments.get(1, "dim", None)
        if isinstance(second, Tensor | Weight):
            return i.operate(f"{kind}imum", (tensor, _of_tensor(call, second)), {}, call.place)
        if second is None:
            return i.operate(kind, (tensor,), {}, call.place)
        attributes = {"axis": second, "keepdim": arguments.get(2, "keepdim", False)}
        return (
            i.operate(kind, (tensor,), attributes, call.place),
            i.operate("argmax", (tensor,), attributes, call.place),
        )

    return run


def _top(call: Call, arguments: Arguments) -> Value:
    i, tensor = call.interpreter, _of_tensor(call, arguments.get(0, "input", UNKNOWN))
    values = i.operate("index", (tensor,), {"shape": UNKNOWN_SHAPE}, call.place)
    return (values, i.operate("unknown", (tensor,), {}, call.place))


def _dropout(call: Call, arguments: Arguments) -> Value:
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
    return call.interpreter.operate("dropout", (_of_tensor(call, bound["input"]),), attributes, call.place)


def _linear(call: Call, arguments: Arguments) -> Value:
    x, weight = (
        _of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        _of_tensor(call, arguments.get(1, "weight", UNKNOWN)),
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
        weight = _of_tensor(call, bound["weight"])
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
            "conv", (_of_tensor(call, bound["input"]), weight), attributes, call.place
        )

    return run


def _embedding(call: Call, arguments: Arguments) -> Value:
    x, weight = (
        _of_tensor(call, arguments.get(0, "input", UNKNOWN)),
        _of_tensor(call, arguments.get(1, "weight", UNKNOWN)),
    )
    return call.interpreter.operate("embedding", (x, weight), {"dim": weight.shape.axis(-1)}, call.place)


def _where(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) < 3:
        return UNKNOWN
    parts = [_of_tensor(call, v) for v in arguments.positional[:3]]
    return call.interpreter.operate("where", parts, {}, call.place)


def _opaque(call: Call, arguments: Arguments) -> Value:
    """A function that gives some tensor of its tensor arguments."""
    inputs = [
        v if isinstance(v, Tensor) else v.tensor for v in arguments.all() if isinstance(v, Tensor | Weight)
    ]
    return call.interpreter.operate("unknown", inputs, {}, call.place)


# creation


def _create(low: float | None, high: float | None) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        sizes = (
            None
            if arguments.open
            else _sizes(arguments.positional or [arguments.keywords.get("size", UNKNOWN)])
        )
        shape = UNKNOWN_SHAPE if sizes is None else Shape(sizes)
        span = None if low is None or high is None else Range(low, high)
        return i_constant(call, shape, span)

    return run


def i_constant(call: Call, shape: Shape, span: Range | None, **attributes: Any) -> Tensor:
    """A tensor that the program makes from nothing."""
    return Tensor(Operation("constant", (), {"shape": shape, **attributes}, call.place), shape, span)


def _empty(call: Call, arguments: Arguments) -> Value:
    tensor = _create(None, None)(call, arguments)
    return i_constant(call, tensor.shape, None, uninitialized=True)


def _full(call: Call, arguments: Arguments) -> Value:
    sizes, value = _sizes([arguments.get(0, "size", UNKNOWN)]), arguments.get(1, "fill_value", UNKNOWN)
    span = Range(float(value), float(value)) if isinstance(value, int | float) else None
    return i_constant(call, UNKNOWN_SHAPE if sizes is None else Shape(sizes), span)


def _tensor(call: Call, arguments: Arguments) -> Value:
    data = arguments.get(0, "data", UNKNOWN)
    if isinstance(data, Tensor | Weight):
        return call.interpreter.operate("detach", (_of_tensor(call, data),), {}, call.place)
    held = _held(data)
    if held is not None:
        return i_constant(call, held.shape, None, data=held)
    numbers = flat_numbers(data)
    if numbers is None:
        return i_constant(call, UNKNOWN_SHAPE, None)
    shape, values = numbers
    return i_constant(
        call, Shape(shape), Range(min(values), max(values)) if values else None, values=tuple(values)
    )


def _held(value: Value) -> Any:
    """What is known of tables and arrays that become tensors, None for anything else."""
    if not isinstance(value, Instance | OneOf):
        return None
    from nnlint.readers.source.tabular.values import data_of

    return data_of(value)


def flat_numbers(data: Value) -> tuple[tuple[int, ...], list[float]] | None:
    """Shape and values of nested lists of numbers; None for anything else."""
    items = data.items if isinstance(data, ListValue) else data if isinstance(data, tuple) else None
    if items is None:
        return ((), [float(data)]) if isinstance(data, int | float) else None
    parts = [flat_numbers(item) for item in items]
    if any(p is None for p in parts) or len({p[0] for p in parts if p}) > 1:
        return None
    known = [p for p in parts if p]
    return ((len(items), *(known[0][0] if known else ())), [v for p in known for v in p[1]])


def _legacy_tensor(call: Call, arguments: Arguments) -> Value:
    """``torch.Tensor(3, 4)`` and ``torch.FloatTensor(n)`` are uninitialised, ``torch.Tensor([..])`` is data."""
    values = arguments.positional[1:]
    if values and all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return i_constant(call, Shape(tuple(values)), None, uninitialized=True)
    if len(values) > 1 and all(size_of(v) is not None or v is UNKNOWN for v in values):
        return i_constant(call, Shape(tuple(size_of(v) for v in values)), None, uninitialized=True)
    if len(values) == 1 and (isinstance(values[0], ListValue | tuple) or _held(values[0])):
        return _tensor(call, Arguments(values))
    return i_constant(call, UNKNOWN_SHAPE, None)


def _arange(call: Call, arguments: Arguments) -> Value:
    values = arguments.positional
    if len(values) == 1 and size_of(values[0]) is not None:
        return i_constant(call, Shape((size_of(values[0]),)), None)
    return i_constant(call, Shape((None,)), None)


def _like_input(call: Call, arguments: Arguments) -> Value:
    return arguments.get(0, "input", UNKNOWN)


def _meshgrid(call: Call, arguments: Arguments) -> Value:
    return tuple(i_constant(call, UNKNOWN_SHAPE, None) for _ in arguments.positional)


SPECIAL: dict[str, Code] = {
    "view": _reshape("reshape"),
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
    "dropout": _dropout,
    **dict.fromkeys(("dropout1d", "dropout2d", "dropout3d", "feature_dropout"), _dropout),
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
CREATION: dict[str, Code] = {
    "zeros": _create(0.0, 0.0),
    "ones": _create(1.0, 1.0),
    "rand": _create(0.0, 1.0),
    "randn": _create(float("-inf"), float("inf")),
    "empty": _empty,
    "full": _full,
    "tensor": _tensor,
    "as_tensor": _tensor,
    "from_numpy": _tensor,
    "arange": _arange,
    "linspace": lambda call, arguments: i_constant(call, Shape((None,)), None),
    "eye": lambda call, arguments: i_constant(call, Shape((None, None)), Range(0.0, 1.0)),
    "randint": lambda call, arguments: i_constant(call, UNKNOWN_SHAPE, None),
    "randperm": lambda call, arguments: i_constant(call, Shape((None,)), None),
    "meshgrid": _meshgrid,
}
METHODS: dict[str, Code] = {**{name: run_row(row) for name, row in ROWS.items()}, **SPECIAL}


def _tensor_class() -> Class:
    from nnlint.readers.source.definitions import OBJECT, library_class

    return library_class("torch.Tensor", (OBJECT,), {"__new__": native("Tensor", _legacy_tensor)})


SYMBOLS: dict[str, Value] = {
    **{f"torch.{name}": native(f"torch.{name}", code) for name, code in {**METHODS, **CREATION}.items()},
    **{
        f"torch.nn.functional.{name}": native(f"F.{name}", code)
        for name, code in {**METHODS, **FUNCTIONAL_ONLY}.items()
    },
    **{f"torch.special.{name}": native(name, METHODS[name]) for name in ("softmax", "log_softmax")},
    "torch.dropout": native("torch.dropout", _dropout),
    "torch.Tensor": _tensor_class(),
    "torch.FloatTensor": _tensor_class(),
    "torch.LongTensor": _tensor_class(),
    "torch.Variable": native("Variable", _like_input),
    **{
        f"torch.{name}": native(f"torch.{name}", _several(kind))
        for name, kind in (
            ("cat", "concat"),
            ("concat", "concat"),
            ("concatenate", "concat"),
            ("stack", "stack"),
        )
    },
}

__all__ = ["METHODS", "SYMBOLS", "Native", "new_list"]
