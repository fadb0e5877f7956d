"""Operators on abstract values: constants fold, symbolic sizes compute, tensors become operations."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.network import size
from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Symbolic
from nnlint.pattern import pattern
from nnlint.readers.source.facts.preparation import own_name
from nnlint.readers.source.facts.writes import writing
from nnlint.readers.source.language.joins import truth
from nnlint.readers.source.language.values import (
    MAX_LENGTH,
    MISSING,
    UNKNOWN,
    Arguments,
    Class,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    ModuleValue,
    Native,
    Stream,
    Unknown,
    Value,
    Weight,
    chained,
    constant,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

MAX_EXPONENT, MAX_INTEGER = 64, 2**256
"""Numbers beyond these are no sizes; folding them could take all memory."""

WIDE_FORMAT = pattern(r"%[^a-zA-Z%]*(\d{4}|\*)")

FOLD: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
TENSOR = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.FloorDiv: "elementwise",
    ast.Mod: "elementwise",
    ast.BitAnd: "elementwise",
    ast.BitOr: "elementwise",
    ast.BitXor: "elementwise",
}
SPECIAL = {
    ast.Add: "__add__",
    ast.Sub: "__sub__",
    ast.Mult: "__mul__",
    ast.Div: "__truediv__",
    ast.MatMult: "__matmul__",
    ast.BitOr: "__or__",
    ast.Mod: "__mod__",
}
COMPARE: dict[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def as_tensor(i: Interpreter, value: Value, node: ast.AST) -> Tensor:
    """A value as a tensor: constants get their range, whatever is not understood an unknown tensor."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Weight):
        return value.tensor
    place = i.place(node)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Tensor(
            Operation("constant", (), {"value": value}, place), Shape(), Range(float(value), float(value))
        )
    if isinstance(value, Symbolic):
        return Tensor(Operation("constant", (), {"value": value}, place), Shape(), Range(0.0, float("inf")))
    return Tensor(Operation("unknown", (), {}, place))


def _operand(i: Interpreter, value: Value, node: ast.AST, written: ast.expr | None) -> Tensor:
    """One side of an operator; of what is not known, how the program calls it."""
    tensor = as_tensor(i, value, node)
    if written is None or tensor.operation.kind != "unknown" or tensor is value:
        return tensor
    return Tensor(Operation("unknown", (), {"written": own_name(written)}, i.place(node)))


def binary(i: Interpreter, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    """``left op right``."""
    if isinstance(left, Tensor | Weight) or isinstance(right, Tensor | Weight):
        return tensors(i, op, left, right, node)
    if constant(left) and constant(right):
        return _fold(op, left, right)
    if isinstance(left, int | Symbolic) and isinstance(right, int | Symbolic):
        return _sizes(op, left, right)
    hooked = i.project.libraries.binary(i, op, left, right, node)
    if hooked is not MISSING:
        return hooked
    if isinstance(left, Instance) and type(op) in SPECIAL and left.cls.find(SPECIAL[type(op)]) is not MISSING:
        return i.call_method(left, SPECIAL[type(op)], Arguments([right]), node)
    if isinstance(op, ast.Add):
        return _concatenate(left, right)
    if isinstance(op, ast.Mult):
        return _repeat(left, right)
    if isinstance(op, ast.BitOr) and isinstance(left, DictValue) and isinstance(right, DictValue):
        return DictValue({**left.state, **right.state})
    if isinstance(op, ast.Mod) and isinstance(left, str):
        return UNKNOWN
    return UNKNOWN


def _fold(op: ast.operator, left: Value, right: Value) -> Value:
    if any(refuses(left, right) for refuses in TOO_BIG.get(type(op), ())):
        return UNKNOWN
    try:
        result = FOLD[type(op)](left, right)
    except (TypeError, ValueError, ArithmeticError, KeyError, MemoryError):
        return UNKNOWN
    if isinstance(result, str | bytes | tuple) and len(result) > MAX_LENGTH:
        return UNKNOWN
    return UNKNOWN if isinstance(result, int) and abs(result) > MAX_INTEGER else result


def _is_long(a: Value, b: Value) -> bool:
    repeated, times = (a, b) if isinstance(a, str | bytes | tuple) else (b, a)
    return (
        isinstance(repeated, str | bytes | tuple)
        and isinstance(times, int)
        and len(repeated) * times > MAX_LENGTH
    )


def _is_wide_format(a: Value, b: Value) -> bool:
    # "%99999999d" asks for gigabytes for a name that nobody needs.
    return isinstance(a, str | bytes) and bool(
        WIDE_FORMAT.search(a if isinstance(a, str) else a.decode(errors="ignore"))
    )


TOO_BIG: dict[type[ast.operator], tuple[Callable[[Value, Value], bool], ...]] = {
    ast.Pow: (lambda a, b: isinstance(b, int | float) and abs(b) > MAX_EXPONENT,),
    ast.LShift: (lambda a, b: not isinstance(b, int) or b > MAX_EXPONENT,),
    ast.Mult: (_is_long,),
    ast.Mod: (_is_wide_format,),
}


def _sizes(op: ast.operator, left: Value, right: Value) -> Value:
    rules = {
        ast.Add: size.add,
        ast.Sub: lambda a, b: size.add(a, size.negative(b)),
        ast.Mult: size.multiply,
        ast.FloorDiv: size.divide,
    }
    rule = rules.get(type(op))
    result = rule(left, right) if rule else None
    return UNKNOWN if result is None else result


def tensors(
    i: Interpreter, op: ast.operator, left: Value, right: Value, node: ast.AST, *, inplace: bool = False
) -> Value:
    """Arithmetic with a tensor. ``inplace``: the result is written over ``left``."""
    kind = TENSOR.get(type(op))
    if kind is None:
        return UNKNOWN
    attributes: dict[str, Value] = {"inplace": True} if inplace else {}
    if kind == "power" and isinstance(right, int | float):
        attributes["exponent"] = right
    first, second = (node.left, node.right) if isinstance(node, ast.BinOp) else (None, None)
    a, b = _operand(i, left, node, first), _operand(i, right, node, second)
    return i.operate(kind, (a, b), writing(i, attributes), i.place(node))


def _concatenate(left: Value, right: Value) -> Value:
    if isinstance(left, tuple) and isinstance(right, tuple):
        result = chained(left, right)
        return UNKNOWN if result is None else result
    if isinstance(left, ListValue) and isinstance(right, ListValue):
        return new_list(chained(left.items, right.items))
    if isinstance(left, ListValue) and isinstance(right, Unknown):
        return new_list(None)
    return UNKNOWN


def _repeat(left: Value, right: Value) -> Value:
    if isinstance(right, ListValue | tuple):
        left, right = right, left
    items = left.items if isinstance(left, ListValue) else left if isinstance(left, tuple) else None
    if items is None or not isinstance(right, int):
        return new_list(None) if isinstance(left, ListValue) else UNKNOWN
    if len(items) * max(right, 0) > MAX_LENGTH:
        return UNKNOWN
    return new_list(items * right) if isinstance(left, ListValue) else items * right


def unary(i: Interpreter, op: ast.unaryop, value: Value, node: ast.AST) -> Value:
    """``op value``."""
    if isinstance(op, ast.Not):
        known = truth(value)
        return UNKNOWN if known is None else not known
    if isinstance(value, Tensor | Weight):
        kind = "negative" if isinstance(op, ast.USub) else "unary"
        if isinstance(op, ast.UAdd):
            return value
        return i.operate(kind, (as_tensor(i, value, node),), {}, i.place(node))
    hooked = i.project.libraries.unary(i, op, value, node)
    if hooked is not MISSING:
        return hooked
    if isinstance(value, Symbolic) and isinstance(op, ast.USub):
        return size.negative(value)
    if isinstance(value, bool | int | float | complex):
        if isinstance(op, ast.USub):
            return -value
        if isinstance(op, ast.UAdd):
            return value
        if isinstance(op, ast.Invert) and isinstance(value, int):
            return ~value
    return UNKNOWN


def compare(i: Interpreter, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
    """``left op right``: True, False, a tensor, or UNKNOWN."""
    if isinstance(op, ast.Is | ast.IsNot):
        same = _identical(left, right)
        return UNKNOWN if same is None else same is isinstance(op, ast.Is)
    hooked = i.project.libraries.compare(i, op, left, right, node)
    if hooked is not MISSING:
        return hooked
    if isinstance(op, ast.In | ast.NotIn):
        inside = _contains(i, right, left)
        return UNKNOWN if inside is None else inside is isinstance(op, ast.In)
    if isinstance(left, Tensor | Weight) or isinstance(right, Tensor | Weight):
        a, b = as_tensor(i, left, node), as_tensor(i, right, node)
        return i.operate("compare", (a, b), {"operator": type(op).__name__}, i.place(node))
    if constant(left) and constant(right):
        try:
            return COMPARE[type(op)](left, right)
        except (TypeError, KeyError):
            return UNKNOWN
    if isinstance(left, int | Symbolic) and isinstance(right, int | Symbolic):
        return _compare_sizes(op, left, right)
    if isinstance(op, ast.Eq | ast.NotEq):
        equal = equals(left, right)
        return UNKNOWN if equal is None else equal is isinstance(op, ast.Eq)
    return UNKNOWN


def _compare_sizes(op: ast.cmpop, left: Value, right: Value) -> Value:
    same = size.same(left, right)
    if isinstance(op, ast.Eq):
        return UNKNOWN if same is None else same
    if isinstance(op, ast.NotEq):
        return UNKNOWN if same is None else not same
    return UNKNOWN


OPAQUE = (Unknown, Library, Stream, Tensor, Symbolic)
SINGLE = (Class, Function, Native, ModuleValue)


def _identical(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        if isinstance(left, Library) or isinstance(right, Library):
            return None if isinstance(left, Library) and isinstance(right, Library) else False
        return left is right
    if isinstance(left, Library) and isinstance(right, Library):
        return True if left == right else None
    if left is right:
        return True
    if isinstance(left, SINGLE) and isinstance(right, SINGLE):
        return False
    if isinstance(left, Instance) and isinstance(right, Instance):
        return False
    return None


def equals(left: Value, right: Value) -> bool | None:
    """Whether two values are equal, None when that is not known."""
    if left is right and not isinstance(left, OPAQUE):
        return True
    if isinstance(left, Library) and isinstance(right, Library):
        return True if left == right else None
    if isinstance(left, tuple | ListValue) and isinstance(right, tuple | ListValue):
        a = left.items if isinstance(left, ListValue) else left
        b = right.items if isinstance(right, ListValue) else right
        if a is None or b is None or type(left) is not type(right):
            return None
        if len(a) != len(b):
            return False
        each = [
            equals(x, y) if not (constant(x) and constant(y)) else x == y for x, y in zip(a, b, strict=True)
        ]
        return False if False in each else None if None in each else True
    if isinstance(left, OPAQUE) or isinstance(right, OPAQUE):
        return None
    if constant(left) and constant(right):
        return bool(left == right)
    if left is None or right is None:
        return False
    if isinstance(left, SINGLE) and isinstance(right, SINGLE):
        return left is right
    return None


def _contains(i: Interpreter, container: Value, item: Value) -> bool | None:
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, range) and isinstance(item, int):
        return item in container
    if isinstance(container, DictValue):
        if not constant(item):
            return None
        if item in container.state:
            return True
        return None if container.open else False
    items = container.items if isinstance(container, ListValue) else container
    if not isinstance(items, tuple):
        return i.project.libraries.contains(container, item)
    each = [equals(item, entry) for entry in items]
    return True if True in each else None if None in each else False
