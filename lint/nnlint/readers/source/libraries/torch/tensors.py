"""Methods and attributes of ``torch.Tensor``."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.network.gradients import INTEGERS
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.noticing import noticed_of_unknown
from nnlint.readers.source.language import numbers
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.shapes import shape_of, size_at
from nnlint.readers.source.language.values import (
    NOWHERE,
    UNKNOWN,
    Arguments,
    Call,
    Native,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.libraries.rows import type_name
from nnlint.readers.source.libraries.torch import functions, init, likes, placing
from nnlint.readers.source.libraries.torch.differentiation import differentiated
from nnlint.readers.source.libraries.weights import set_trainable

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def tensor_attribute(i: Interpreter, value: Value, name: str, node: ast.AST | None) -> Value:
    """``tensor.name``: sizes, data, or a bound method."""
    tensor = value.tensor if isinstance(value, Weight) else value
    if name == "shape":
        return shape_of(tensor)
    if name in ("T", "mT", "mH", "H"):
        return i.operate("transpose", (tensor,), {"first": -2, "second": -1}, i.place(node or NOWHERE))
    if name == "data":
        if isinstance(value, Weight):
            return init.detached(i, value, node)
        return i.operate("detach", (tensor,), {}, i.place(node or NOWHERE))
    if name == "ndim":
        return UNKNOWN if tensor.shape.rank is None else tensor.shape.rank
    if name == "requires_grad":
        return value.state["trainable"] if isinstance(value, Weight) else UNKNOWN
    if name in ("device", "dtype", "is_cuda", "grad", "grad_fn", "layout"):
        return UNKNOWN
    if isinstance(value, Weight) and name in init.METHODS:
        return Native(name, lambda call, arguments: init.METHODS[name](call, value, arguments), "static")
    method = METHODS.get(name)
    if method is not None:
        return Native(name, lambda call, arguments: method(call, tensor, arguments), "static")
    function = likes.METHODS.get(name) or functions.METHODS.get(
        name.removesuffix("_") if not name.startswith("_") else name
    )
    if function is None:
        return (
            Native(name, lambda call, arguments: as_tensor(call.interpreter, UNKNOWN, call.node), "static")
            if name in OTHER
            else UNKNOWN
        )
    inplace = name.endswith("_") and not name.endswith("__")

    def run(call: Call, arguments: Arguments) -> Value:
        keywords = {**arguments.keywords, "inplace": True} if inplace else arguments.keywords
        return function(call, Arguments([tensor, *arguments.positional], keywords, arguments.open))

    return Native(name, run, "static")


OTHER = frozenset(
    {"clone_", "new_tensor", "as_strided", "to_dense", "to_sparse", "quantile", "stft", "istft"}
)


def set_tensor_attribute(i: Interpreter, target: Value, name: str, value: Value, node: ast.AST) -> None:
    """``weight.requires_grad = False``, ``weight.data = ...``."""
    noticed_of_unknown(i, target, name, value, node)
    if not isinstance(target, Weight):
        return
    if name == "requires_grad":
        set_trainable(i, target, value)
    elif name == "data":
        init.set_from(i, target, value, node)


def _size(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    axis = arguments.get(0, "dim", None)
    if axis is None:
        return shape_of(tensor)
    return size_at(tensor, axis) if isinstance(axis, int) else UNKNOWN


def _dim(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    return UNKNOWN if tensor.shape.rank is None else tensor.shape.rank


def _numel(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    size = tensor.shape.elements()
    return UNKNOWN if size is None else size


def _backward(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    differentiated(call, tensor, arguments.get(1, "retain_graph", None))
    return None


def _leave(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    """``.tolist()``: out of the graph."""
    values = numbers.plain(tensor)
    return UNKNOWN if values is None else new_list(values) if isinstance(values, tuple) else values


def _item(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    values = numbers.plain(tensor)
    if values is None or isinstance(values, tuple):
        return _number(functions.METHODS["item"](call, Arguments([tensor])))
    return values


def _number(value: Value) -> Value:
    """What is no tensor any more, and so on no device."""
    return replace(value, device=None) if isinstance(value, Tensor) else value


def _moved(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    return tensor


def _converted(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    """``.to(torch.long)``, ``.type(torch.LongTensor)``, ``.astype(int)``: another type, if one is named."""
    tensor = placing.to(
        call, tensor, Arguments([tensor, *arguments.positional], arguments.keywords, arguments.open)
    )
    wanted = next((t for value in arguments.all() if (t := type_name(value)) in INTEGERS), None)
    if wanted is None:
        return tensor
    return call.interpreter.operate("cast", (tensor,), {"to": wanted}, call.place)


def _asks(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    """``.requires_grad_()``."""
    asked = arguments.get(0, "requires_grad", True) is not False
    attributes = {"requires_grad": True} if asked else {}
    return call.interpreter.operate("identity", (tensor,), {**attributes, "inplace": True}, call.place)


def _contiguous(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    return call.interpreter.operate("identity", (tensor,), {"contiguous": True}, call.place)


def _copied(call: Call, tensor: Tensor, arguments: Arguments) -> Value:
    return call.interpreter.operate("identity", (tensor,), {"copy": True}, call.place)


METHODS = {
    "cuda": placing.onto(False),
    "cpu": placing.onto(True),
    "type_as": placing.onto(None),
    "numpy": lambda call, tensor, arguments: _number(functions.METHODS["numpy"](call, Arguments([tensor]))),
    "size": _size,
    "contiguous": _contiguous,
    "clone": _copied,
    "dim": _dim,
    "ndimension": _dim,
    "numel": _numel,
    "nelement": _numel,
    "backward": _backward,
    "tolist": _leave,
    "item": _item,
    "requires_grad_": _asks,
    **dict.fromkeys(("to", "type", "astype"), _converted),
    **dict.fromkeys(
        (
            "float",
            "double",
            "half",
            "bfloat16",
            "resolve_conj",
            "pin_memory",
            "detach_",
            "byte",
            "short",
            "char",
        ),
        _moved,
    ),
}
