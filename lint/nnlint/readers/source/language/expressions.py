"""Evaluation of expressions, one small function a kind of node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.readers.source.facts import usage
from nnlint.readers.source.language import builtins
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.attributes import get_attribute
from nnlint.readers.source.language.comprehensions import comprehension, dict_comprehension
from nnlint.readers.source.language.items import get_item, hashable
from nnlint.readers.source.language.iteration import MAX_ITEMS, element_of, iterate
from nnlint.readers.source.language.joins import join, truth
from nnlint.readers.source.language.operators import binary, compare, unary
from nnlint.readers.source.language.reflection import zero_argument_super
from nnlint.readers.source.language.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    DictValue,
    Function,
    Instance,
    Lazy,
    ModuleValue,
    Scope,
    Unknown,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.assumed import MODULES, assumed, is_called

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def evaluate(i: Interpreter, node: ast.expr) -> Value:
    """The value of an expression; UNKNOWN for kinds that are not modelled."""
    i.fuel -= 1  # the hottest line: burn() in place
    if i.fuel < 0:
        i.burn(0)
    rule = EVALUATE.get(type(node))
    return rule(i, node) if rule else UNKNOWN


def _constant(i: Interpreter, node: ast.Constant) -> Value:
    return node.value


def _name(i: Interpreter, node: ast.Name) -> Value:
    return look_up(i, i.frame.scope, node.id)


def look_up(i: Interpreter, scope: Scope, name: str) -> Value:
    """A variable by Python's scoping rules; UNKNOWN when it is bound nowhere that was seen."""
    current: Scope | None = scope
    while current is not None:
        if name in current.variables and (current.kind != "class" or current is scope):
            found = current.variables[name]
            return i.project.resolve(i, current.variables, name) if isinstance(found, Lazy) else found
        current = current.nonlocals.get(name) or current.parent
    module = scope.module
    if name in module.state:
        return i.project.resolve(i, module.state, name)
    found = builtins.BUILTINS.get(name, MISSING)
    if found is not MISSING and not module.star_unknown:
        return found
    return _unbound(i, module, name) if module.text is not None else UNKNOWN


def _unbound(i: Interpreter, module: ModuleValue, name: str) -> Value:
    """What a name stands for that nothing was seen to bind: a library by custom, the network of a snippet."""
    home = "" if module.star_unknown and name not in MODULES else assumed(module.text, name)
    if home:
        return i.project.libraries.symbol(home)
    if not is_called(module.text, name):
        return UNKNOWN
    from nnlint.readers.source.stand_ins import model_of_name

    return model_of_name(i, module, name)


def _attribute(i: Interpreter, node: ast.Attribute) -> Value:
    value = evaluate(i, node.value)
    if isinstance(value, Unknown):
        return _of_unknown(i, node.attr)
    return get_attribute(i, value, node.attr, node)


def _of_unknown(i: Interpreter, name: str) -> Value:
    if not i.project.libraries.holds("torch"):
        return UNKNOWN
    from nnlint.readers.source.libraries.torch.unknown import method_of_unknown

    return method_of_unknown(name) or UNKNOWN


def _binary(i: Interpreter, node: ast.BinOp) -> Value:
    # Long sums lean to the left: a loop instead of recursion keeps generated code from overflowing.
    chain = [node]
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    value = evaluate(i, chain[-1].left)
    for step in reversed(chain):
        value = binary(i, step.op, value, evaluate(i, step.right), step)
    return value


def _unary(i: Interpreter, node: ast.UnaryOp) -> Value:
    return unary(i, node.op, evaluate(i, node.operand), node)


def _boolean(i: Interpreter, node: ast.BoolOp) -> Value:
    stop = isinstance(node.op, ast.Or)
    value: Value = MISSING
    for part in node.values:
        current = evaluate(i, part)
        known = truth(current)
        if known is stop:
            return current if value is MISSING else join(value, current)
        if known is None:
            value = current if value is MISSING else join(value, current)
        last = current
    return last if value is MISSING else join(value, last)


def decided(i: Interpreter, node: ast.expr) -> bool | None:
    """Whether a condition holds: ``unknown and False`` does not, whatever its value is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        known = decided(i, node.operand)
        return None if known is None else not known
    if not isinstance(node, ast.BoolOp):
        return truth(evaluate(i, node))
    stop = isinstance(node.op, ast.Or)
    result: bool | None = not stop
    for part in node.values:
        known = decided(i, part)
        if known is stop:
            return stop
        result = result if known is not None else None
    return result


def _compare(i: Interpreter, node: ast.Compare) -> Value:
    left = evaluate(i, node.left)
    result: Value = True
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(i, right_node)
        outcome = compare(i, op, left, right, node)
        if outcome is False:
            return False
        if outcome is not True:
            result = outcome if len(node.ops) == 1 else UNKNOWN
        left = right
    return result


def _conditional(i: Interpreter, node: ast.IfExp) -> Value:
    known = decided(i, node.test)
    if known is not None:
        return evaluate(i, node.body if known else node.orelse)
    ways, values = [], []
    with i.heap.recording() as mark, i.trace.condition():
        for branch in (node.body, node.orelse):
            values.append(evaluate(i, branch))
            ways.append(i.heap.undo(mark))
        i.heap.join(ways, join)
    return join(*values)


def arguments_of(i: Interpreter, node: ast.Call) -> Arguments:
    """Evaluate the arguments of a call, unpacking what is known of ``*args`` and ``**kwargs``."""
    result = Arguments([])
    names: list[str] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            items = iterate(i, evaluate(i, argument.value))
            if items is None:
                result.open = True
            else:
                result.positional += items
                names += [""] * len(items)
        else:
            result.positional.append(evaluate(i, argument))
            names.append(argument.id if isinstance(argument, ast.Name) else "")
    for keyword in node.keywords:
        value = evaluate(i, keyword.value)
        if keyword.arg is not None:
            result.keywords[keyword.arg] = value
        elif isinstance(value, DictValue):
            result.open |= value.open
            result.keywords |= {k: v for k, v in value.items() if isinstance(k, str)}
        else:
            result.open = True
    result.names = tuple(names)
    return result


def _call(i: Interpreter, node: ast.Call) -> Value:
    if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
        return zero_argument_super(i)
    function = evaluate(i, node.func)
    arguments = arguments_of(i, node)
    if function is builtins.LOCALS:
        return DictValue(dict(i.frame.scope.variables))
    if usage.passes(i, node, function):
        result = usage.run_model(i, node, function, arguments)
    else:
        result = i.call(function, arguments, node)
    i.project.libraries.after_call(i, node, function, arguments, result)
    return result


def _tuple(i: Interpreter, node: ast.Tuple) -> Value:
    items = _elements(i, node.elts)
    return UNKNOWN if items is None else tuple(items)


def _list(i: Interpreter, node: ast.List | ast.Set) -> Value:
    items = _elements(i, node.elts)
    kind = "set" if isinstance(node, ast.Set) else "list"
    return new_list(None if items is None else tuple(items), kind)


def _elements(i: Interpreter, nodes: list[ast.expr]) -> list[Value] | None:
    result: list[Value] | None = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            items = iterate(i, evaluate(i, node.value))
            result = None if items is None or result is None else result + items
        else:
            value = evaluate(i, node)
            if result is not None:
                result.append(value)
    return result


def _dict(i: Interpreter, node: ast.Dict) -> Value:
    state: dict[Any, Value] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(i, value_node)
        if key_node is None:
            if isinstance(value, DictValue):
                state |= value.state
            else:
                state[OPEN] = True
            continue
        key = evaluate(i, key_node)
        if hashable(key):
            state[key] = value
        else:
            state[OPEN] = True
    return DictValue(state)


def _subscript(i: Interpreter, node: ast.Subscript) -> Value:
    container = evaluate(i, node.value)
    return get_item(i, container, evaluate(i, node.slice), node)


def _slice(i: Interpreter, node: ast.Slice) -> Value:
    parts = [None if p is None else evaluate(i, p) for p in (node.lower, node.upper, node.step)]
    return slice(*parts)


def _string(i: Interpreter, node: ast.JoinedStr) -> Value:
    pieces: list[str | None] = []
    for part in node.values:  # all of them: ``f"{epoch} {evaluate(model)}"`` runs the second, too
        value = evaluate(i, part.value if isinstance(part, ast.FormattedValue) else part)
        if isinstance(value, Instance) and isinstance(value.state.get("_text"), str):
            value = value.state["_text"]  # a path
        plain = isinstance(value, str | int | bool) or value is None
        if isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1):
            plain = False
        pieces.append(str(value) if plain else None)
    known = [piece for piece in pieces if piece is not None]
    return "".join(known) if len(known) == len(pieces) else UNKNOWN


def _lambda(i: Interpreter, node: ast.Lambda) -> Value:
    defaults = tuple(evaluate(i, d) for d in node.args.defaults)
    keyword = {
        a.arg: evaluate(i, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d
    }
    return Function(node, i.frame.scope, "<lambda>", defaults, keyword)


def _walrus(i: Interpreter, node: ast.NamedExpr) -> Value:
    value = evaluate(i, node.value)
    assign(i, node.target, value)
    return value


def _await(i: Interpreter, node: ast.Await) -> Value:
    return evaluate(i, node.value)


def _yield(i: Interpreter, node: ast.Yield) -> Value:
    value = None if node.value is None else evaluate(i, node.value)
    frame = i.frame
    if frame.yields is not None and len(frame.yields) < MAX_ITEMS:
        frame.yields.append(value)
        frame.uncertain_yields |= bool(i.trace.conditions) or bool(i.uncertain)
    return UNKNOWN


def _yield_from(i: Interpreter, node: ast.YieldFrom) -> Value:
    source = evaluate(i, node.value)
    items = iterate(i, source)
    frame = i.frame
    if frame.yields is not None:
        frame.yields += [element_of(i, source)] if items is None else items
        frame.uncertain_yields |= items is None or bool(i.trace.conditions) or bool(i.uncertain)
    return UNKNOWN


EVALUATE: dict[type[ast.expr], Callable[[Any, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Call: _call,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.JoinedStr: _string,
    ast.Lambda: _lambda,
    ast.NamedExpr: _walrus,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: dict_comprehension,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
