"""Functions on tensors: ``tf.*``, ``keras.ops.*`` and ``keras.backend.*``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Labels
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.gates import gated, owner_name
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.shapes import shape_of
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Native, OneOf, Value
from nnlint.readers.source.libraries.keras.base import LEARNING_PHASE, items_of
from nnlint.readers.source.libraries.keras.legacy import data_format, dim_ordering, set_data_format
from nnlint.readers.source.libraries.keras.shaping import merge
from nnlint.readers.source.libraries.rows import Code, Row, run_row
from nnlint.readers.source.libraries.weights import size_of

MODULES = ("tensorflow", "keras.ops", "keras.ops.numpy", "keras.backend")


def _reduction(kind: str) -> Row:
    signature = "x axis=None keepdims=False"
    return Row(kind, signature, {"axis": "axis", "keepdim": "keepdims"}, {}, 1, ("axis",))


ROWS: dict[str, Row] = {
    **{name: Row(name, "x") for name in ("exp", "sqrt", "log", "log1p", "square", "round")},
    **{name: Row(kind, "x") for name, kind in (("abs", "absolute"), ("negative", "negative"))},
    **{
        name: Row("unary", "x")
        for name in ("sin", "cos", "tan", "sign", "floor", "ceil", "erf", "rsqrt", "reciprocal", "expm1")
    },
    "add": Row("add", "x y", tensors=2),
    "subtract": Row("subtract", "x y", tensors=2),
    "multiply": Row("multiply", "x y", tensors=2),
    "divide": Row("divide", "x y", tensors=2),
    "pow": Row("power", "x y", {"exponent": "y"}),
    "power": Row("power", "x y", {"exponent": "y"}),
    "maximum": Row("maximum", "x y", tensors=2),
    "minimum": Row("minimum", "x y", tensors=2),
    **{
        name: Row("compare", "x y", tensors=2)
        for name in ("equal", "not_equal", "greater", "less", "greater_equal", "less_equal")
    },
    "clip": Row("clamp", "x min_value max_value", {"min": "min_value", "max": "max_value"}),
    "clip_by_value": Row("clamp", "x min_value max_value", {"min": "min_value", "max": "max_value"}),
    "cast": Row("cast", "x dtype=None"),
    "stop_gradient": Row("detach", "x"),
    "identity": Row("identity", "x"),
    "convert_to_tensor": Row("identity", "x dtype=None"),
    "expand_dims": Row("unsqueeze", "x axis=-1", {"axis": "axis"}),
    "squeeze": Row("squeeze", "x axis=None", {"axis": "axis"}, {}, 1, ("axis",)),
    "where": Row("where", "condition x y", tensors=3),
    **{
        f"{prefix}{name}": _reduction(kind)
        for prefix in ("", "reduce_")
        for name, kind in (
            *(("sum", "sum"), ("mean", "mean"), ("max", "max"), ("min", "min"), ("prod", "reduce")),
            *(("std", "reduce"), ("var", "reduce"), ("logsumexp", "reduce"), ("any", "reduce")),
            *(("all", "reduce"), ("variance", "reduce")),
        )
    },
    "argmax": Row("argmax", "x axis=None", {"axis": "axis"}, {}, 1, ("axis",)),
    "argmin": Row("argmax", "x axis=None", {"axis": "axis"}, {}, 1, ("axis",)),
    "one_hot": Row("one_hot", "x num_classes", {"classes": "num_classes"}),
    "l2_normalize": Row("normalize", "x axis=-1", {"axis": "axis"}),
}


def _several(kind: str, default: int) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        axis = arguments.get(1, "axis", default)
        parts = arguments.get(0, "xs", arguments.keywords.get("values", UNKNOWN))
        return merge(call, kind, parts, None, axis=axis)

    return run


def _reshape(call: Call, arguments: Arguments) -> Value:
    tensor = as_tensor(call.interpreter, arguments.get(0, "x", UNKNOWN), call.node)
    items = items_of(arguments.get(1, "newshape", arguments.keywords.get("shape", UNKNOWN)))
    sizes = None if items is None else tuple(size_of(v) for v in items)
    if sizes is not None and sizes.count(-1) == 1 and None in sizes:
        sizes = tuple(None if s == -1 else s for s in sizes)
    return call.interpreter.operate("reshape", (tensor,), {"sizes": sizes}, call.place)


def _transpose(call: Call, arguments: Arguments) -> Value:
    tensor = as_tensor(call.interpreter, arguments.get(0, "x", UNKNOWN), call.node)
    order = items_of(arguments.get(1, "perm", arguments.keywords.get("axes", None)))
    if order is None and len(arguments.positional) == 1 and not arguments.keywords:
        rank = tensor.shape.rank
        order = None if rank is None else tuple(reversed(range(rank)))
    return call.interpreter.operate("permute", (tensor,), {"order": order}, call.place)


def _shape(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "x", UNKNOWN)
    return shape_of(value) if isinstance(value, Tensor) else UNKNOWN


def _flatten(call: Call, arguments: Arguments) -> Value:
    """``K.batch_flatten``."""
    tensor = as_tensor(call.interpreter, arguments.get(0, "x", UNKNOWN), call.node)
    return call.interpreter.operate("flatten", (tensor,), {"start": 1, "end": -1}, call.place)


def _to_categorical(call: Call, arguments: Arguments) -> Value:
    """``keras.utils.to_categorical(y, 10)``: one-hot rows."""
    classes = arguments.get(1, "num_classes", None)
    given = arguments.get(0, "y", arguments.keywords.get("x"))
    if isinstance(given, Instance | OneOf):
        return _one_hot_data(call, given, classes)
    labels = as_tensor(call.interpreter, given, call.node)
    attributes = {"classes": classes}
    return call.interpreter.operate("one_hot", (labels,), attributes, call.place, name="to_categorical")


def _one_hot_data(call: Call, given: Value, classes: Value) -> Value:
    """Labels of a table, of which their rows are still known."""
    from nnlint.readers.source.libraries.tabular.values import data_of, wrap

    data = data_of(given)
    if data is None:
        return as_tensor(call.interpreter, UNKNOWN, call.node)
    labels = Labels("one-hot", "to_categorical", call.place, classes if isinstance(classes, int) else None)
    return wrap(call.interpreter, replace(data, rank=None, labels=labels), call.place)


def _dropout(call: Call, arguments: Arguments) -> Value:
    """``tf.nn.dropout``, which knows no mode: it drops whenever it is called.

    In a graph of TensorFlow 1 its rate, which then is a share to keep, may be fed, and so say the mode.
    """
    i, node = call.interpreter, call.node
    tensor = as_tensor(i, arguments.get(0, "x", UNKNOWN), node)
    rate = arguments.keywords.get("keep_prob", arguments.get(1, "rate", UNKNOWN))
    fed = not isinstance(rate, int | float)
    attributes = {
        "p": UNKNOWN if fed or "keep_prob" in arguments.keywords else rate,
        "training": UNKNOWN if fed and isinstance(rate, Tensor) else True,
        "functional": True,
        "api": "tf.nn.dropout",
        "gated": gated(i, node),
        "owner": owner_name(i),
    }
    return i.operate("dropout", (tensor,), attributes, call.place)


def _matmul(call: Call, arguments: Arguments) -> Value:
    """``tf.matmul(a, b, transpose_b=True)``; ``keras.ops.matmul`` knows no such arguments."""
    bound = bind_signature(
        "x1 x2 transpose_a=False transpose_b=False adjoint_a=False adjoint_b=False", _factors(arguments)
    )
    factors = []
    for name, side in (("x1", "a"), ("x2", "b")):
        tensor = as_tensor(call.interpreter, bound[name], call.node)
        turned = {bound[f"transpose_{side}"], bound[f"adjoint_{side}"]}
        if turned == {False}:
            factors.append(tensor)
        elif True in turned:
            turn = {"first": -2, "second": -1}
            factors.append(call.interpreter.operate("transpose", (tensor,), turn, call.place))
        else:
            factors.append(as_tensor(call.interpreter, UNKNOWN, call.node))
    return call.interpreter.operate("matmul", factors, {}, call.place)


def _factors(arguments: Arguments) -> Arguments:
    """The two factors as ``keras.ops`` names them."""
    names = {"a": "x1", "b": "x2", "x": "x1", "y": "x2"}
    return replace(arguments, keywords={names.get(k, k): v for k, v in arguments.keywords.items()})


SPECIAL: dict[str, Callable[[Call, Arguments], Value]] = {
    "concat": _several("concat", -1),
    "concatenate": _several("concat", -1),
    "stack": _several("stack", 0),
    "reshape": _reshape,
    "transpose": _transpose,
    "permute_dimensions": _transpose,
    "shape": _shape,
    "int_shape": _shape,
    "batch_flatten": _flatten,
    "matmul": _matmul,
}
OLD_NAMES = {"reduction_indices": "axis", "dimension": "axis", "keep_dims": "keepdims", "input_tensor": "x"}
"""Parameters of TensorFlow 1."""


def _run(row: Row) -> Code:
    run = run_row(row)

    def renamed(call: Call, arguments: Arguments) -> Value:
        if arguments.keywords.keys() & OLD_NAMES.keys():
            before = {OLD_NAMES[k]: v for k, v in arguments.keywords.items() if k in OLD_NAMES}
            now = {k: v for k, v in arguments.keywords.items() if k not in OLD_NAMES}
            arguments = replace(arguments, keywords={**before, **now})
        return run(call, arguments)

    return renamed


FUNCTIONS: dict[str, Native] = {
    **{name: native(name, _run(row)) for name, row in ROWS.items()},
    **{name: native(name, code) for name, code in SPECIAL.items()},
}


def _set_learning_phase(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.notes[LEARNING_PHASE] = True
    return None


SYMBOLS: dict[str, Value] = {
    **{f"{module}.{name}": code for module in MODULES for name, code in FUNCTIONS.items()},
    **{
        f"keras.{module}.{name}": native(name, code)
        for module in ("backend", "config", "backend.common")
        for name, code in (
            ("image_data_format", data_format),
            ("image_dim_ordering", dim_ordering),
            ("set_image_data_format", set_data_format),
            ("set_image_dim_ordering", set_data_format),
        )
    },
    **{
        f"keras.{home}.epsilon": native("epsilon", lambda call, given: 1e-7) for home in ("backend", "config")
    },
    "keras.backend.set_learning_phase": native("set_learning_phase", _set_learning_phase),
    "tensorflow.linalg.matmul": FUNCTIONS["matmul"],
    "tensorflow.nn.dropout": native("dropout", _dropout),
    "tensorflow.nn.l2_normalize": FUNCTIONS["l2_normalize"],
    "keras.utils.to_categorical": native("to_categorical", _to_categorical),
    "keras.utils.np_utils.to_categorical": native("to_categorical", _to_categorical),
}
