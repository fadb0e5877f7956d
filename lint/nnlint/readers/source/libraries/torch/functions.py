"""Functions of ``torch`` and ``torch.nn.functional``, and the tensor methods of the same name.

A row is: operation, signature, attributes. What does not fit a row has a function of its own.
"""

from __future__ import annotations

import math

from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Unknown, Value
from nnlint.readers.source.libraries.rows import Code, Row, run_row
from nnlint.readers.source.libraries.torch import contractions, likes, picking
from nnlint.readers.source.libraries.torch.creation import CREATION, asked, legacy_tensor
from nnlint.readers.source.libraries.torch.placing import creation
from nnlint.readers.source.libraries.torch.special import (
    FUNCTIONAL_ONLY,
    SPECIAL,
    dropout,
    of_tensor,
    several,
)


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
    "glu": _row("glu", "input dim=-1", axis="dim"),
    "softmax": _row("softmax", "input dim=None", axis="dim"),
    "softmin": _row("softmin", "input dim=None", axis="dim"),
    "log_softmax": _row("log_softmax", "input dim=None", axis="dim"),
    "gumbel_softmax": _row("gumbel_softmax", "input tau=1.0 hard=False eps=1e-10 dim=-1", axis="dim"),
    "abs": _row("absolute"),
    "absolute": _row("absolute"),
    "neg": _row("negative"),
    "pow": _row("power", "input exponent", exponent="exponent"),
    **{name: _row("wave") for name in ("sin", "cos")},
    **{
        name: _row("unary")
        for name in (
            *("tan", "erf", "rsqrt", "reciprocal", "sign", "floor", "ceil", "trunc", "expm1", "log2"),
            "log10",
            *("nan_to_num", "logit", "atan", "sinh", "cosh", "acos", "asin", "arctan", "acosh", "asinh"),
            *("atanh", "erfinv", "erfc", "exp2", "digamma", "lgamma", "frac", "sgn", "positive"),
            *("bitwise_not", "cumsum", "cumprod", "logcumsumexp", "triu", "tril", "softshrink", "hardshrink"),
            *("tanhshrink", "threshold", "renorm", "matrix_exp", "inverse", "channel_shuffle", "index_add"),
            *("index_copy", "index_fill", "index_put", "scatter", "scatter_add", "scatter_reduce"),
            *("masked_scatter", "conj", "angle", "sinc", "deg2rad"),
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
    "divide": _row("divide", "input other", 2),
    "maximum": _row("maximum", "input other", 2),
    "minimum": _row("minimum", "input other", 2),
    **{
        name: Row("compare", "input other", fixed={"operator": operator}, tensors=2)
        for name, operator in (
            *(("eq", "Eq"), ("ne", "NotEq"), ("lt", "Lt"), ("le", "LtE"), ("gt", "Gt"), ("ge", "GtE")),
            *(("less", "Lt"), ("less_equal", "LtE"), ("greater", "Gt"), ("greater_equal", "GtE")),
        )
    },
    **{name: _row("matmul", "input other", 2) for name in ("matmul", "spmm")},
    **{
        name: Row("matmul", "input other", fixed={"rank": rank}, tensors=2)
        for name, rank in (("mm", 2), ("bmm", 3))
    },
    "masked_fill": _row("fill", "input mask value"),
    "fill": _row("fill", "input value"),
    "zero": _row("fill"),
    "detach": _row("detach"),
    **{name: Row("cast", "input", fixed={"to": name}) for name in ("long", "int", "short", "bool")},
    "numpy": Row("detach", "input", fixed={"refuses_graph": True}),  # fails where gradients are recorded
    "item": _row("detach"),
    "flatten": _row("flatten", "input start_dim=0 end_dim=-1", start="start_dim", end="end_dim"),
    "ravel": Row("flatten", "input", {}, {"start": 0, "end": -1}),
    "transpose": _row("transpose", "input dim0 dim1", first="dim0", second="dim1"),
    "swapaxes": _row("transpose", "input axis0 axis1", first="axis0", second="axis1"),
    "swapdims": _row("transpose", "input dim0 dim1", first="dim0", second="dim1"),
    "adjoint": Row("transpose", "input", {}, {"first": -2, "second": -1}),
    "t": Row("transpose", "input", {}, {"first": 0, "second": 1}),
    "squeeze": _row("squeeze", "input dim=None", absent=("axis",), axis="dim"),
    "unsqueeze": _row("unsqueeze", "input dim", axis="dim"),
    "roll": _row("roll"),
    "flip": _row("flip"),
    **{name: _reduction(name) for name in ("sum", "mean")},
    **{
        name: _reduction("reduce")
        for name in (
            *("prod", "std", "var", "logsumexp", "any", "all", "amax", "amin", "nanmean", "nansum"),
            "count_nonzero",
        )
    },
    "argmax": _reduction("argmax"),
    "argmin": _reduction("argmax"),
    "norm": _row(
        "norm", "input p='fro' dim=None keepdim=False", absent=("axis",), axis="dim", keepdim="keepdim"
    ),
    "one_hot": _row("one_hot", "input num_classes=-1", classes="num_classes"),
    "pixel_shuffle": _row("pixel_shuffle", "input upscale_factor", factor="upscale_factor"),
    **{
        name: _row(
            "interpolate",
            "input size=None scale_factor=None mode='nearest'",
            size="size",
            scale="scale_factor",
            mode="mode",
        )
        for name in ("interpolate", "upsample")
    },
    "pad": _row("pad", "input pad mode='constant' value=0.0", pads="pad", mode="mode", value="value"),
    "pixel_unshuffle": _row("pixel_unshuffle", "input downscale_factor", factor="downscale_factor"),
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
    "rms_norm": Row(
        "layer_norm",
        "input normalized_shape",
        {"normalized_shape": "normalized_shape"},
        {"centred": False},
    ),
    "local_response_norm": _row("local_response_norm"),
    "group_norm": _row("group_norm", "input num_groups"),
    "batch_norm": _row("batch_norm"),
    **{name: _row("compare") for name in ("isnan", "isinf", "isfinite", "signbit")},
    "logical_not": _row("compare"),
}


def _variable(call: Call, arguments: Arguments) -> Value:
    """``Variable(x)``: x itself for data; the graph of what a network or a loss gave is cut off."""
    value, i = arguments.get(0, "data", UNKNOWN), call.interpreter
    asks = asked(arguments)
    computed = isinstance(value, Tensor) and any(trains(o) or o.kind == "loss" for o in reached(value))
    if not computed and not (asks and isinstance(value, Unknown)):
        return value
    cut = i.operate("detach", (of_tensor(call, value),), {}, call.place, name="Variable")
    return i.operate("identity", (cut,), asks, call.place) if asks else cut


METHODS: dict[str, Code] = {
    **{name: run_row(row) for name, row in ROWS.items()},
    **SPECIAL,
    **picking.FUNCTIONS,
    **contractions.FUNCTIONS,
    **likes.FUNCTIONS,
}


def _over_input(code: Code) -> Code:
    """The same function written over its first argument: ``torch.relu_(x)``."""

    def run(call: Call, arguments: Arguments) -> Value:
        keywords = {**arguments.keywords, "inplace": True}
        return code(call, Arguments(arguments.positional, keywords, arguments.open, arguments.names))

    return run


IN_PLACE = (
    *("relu", "leaky_relu", "rrelu", "elu", "celu", "selu", "hardtanh", "threshold"),
    *("sigmoid", "tanh", "exp", "sqrt", "square", "clamp", "abs", "neg"),
)
"""Functions with a twin in place, whose name ends in an underscore."""


def _tensor_class() -> Class:
    return library_class("torch.Tensor", (OBJECT,), {"__new__": native("Tensor", legacy_tensor)})


SYMBOLS: dict[str, Value] = {
    **{f"torch.{name}": native(f"torch.{name}", code) for name, code in METHODS.items()},
    **{f"torch.{name}": native(f"torch.{name}", creation(name, code)) for name, code in CREATION.items()},
    **{
        f"torch.nn.functional.{name}": native(f"F.{name}", code)
        for name, code in {**METHODS, **FUNCTIONAL_ONLY, **picking.PATCHES, **contractions.PAIRWISE}.items()
    },
    **{f"torch.special.{name}": native(name, METHODS[name]) for name in ("softmax", "log_softmax")},
    **{
        f"{module}.{name}_": native(f"{name}_", _over_input(METHODS[name]))
        for name in IN_PLACE
        for module in ("torch", "torch.nn.functional")
    },
    "torch.dropout": native("torch.dropout", dropout),
    "torch.Tensor": _tensor_class(),
    "torch.FloatTensor": _tensor_class(),
    "torch.LongTensor": _tensor_class(),
    "torch.sparse.mm": native("torch.sparse.mm", METHODS["mm"]),
    "torch.spmm": native("torch.spmm", METHODS["mm"]),
    "torch.pi": math.pi,
    "torch.e": math.e,
    "torch.inf": math.inf,
    "torch.Variable": native("Variable", _variable),
    **{
        f"torch.{name}": native(f"torch.{name}", several(kind))
        for name, kind in (
            ("cat", "concat"),
            ("concat", "concat"),
            ("concatenate", "concat"),
            ("stack", "stack"),
        )
    },
}
