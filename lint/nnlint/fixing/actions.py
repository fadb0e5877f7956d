"""What each action of a repair changes in the text."""

from __future__ import annotations

import ast
from collections.abc import Callable
from operator import add, mul, sub
from typing import Any

from nnlint.evidence.place import Place
from nnlint.fixing import elements, statements
from nnlint.fixing.expressions import ATOMS, Draft, argument, fitted, part
from nnlint.fixing.source import BLANK, Source, Unfit
from nnlint.lines import END_OF_LINE
from nnlint.repair import (
    Action,
    Argument,
    Code,
    EditComment,
    Insert,
    InsertElement,
    MoveStatement,
    Part,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    Replace,
    SetArgument,
    SwapArguments,
    Where,
    WriteOut,
)

APPENDING = frozenset({"append", "add", "add_module", "register_module", "insert"})
"""Methods that put their last argument into a collection, and do nothing else."""

PAIR = 2

ARITHMETIC: dict[type, Callable[[int, int], int]] = {ast.Add: add, ast.Sub: sub, ast.Mult: mul}


def perform(draft: Draft, action: Action) -> None:
    """Note the edits of an action. Raises Unfit when it does not fit what stands there."""
    _ACTIONS[type(action)](draft, action)


def _replace(draft: Draft, action: Replace) -> None:
    source = draft.source(action.place)
    if action.part is Part.METHOD:
        _rename(draft, action, source)
        return
    node = part(source, action.place, action.part)
    _expect(source, node, action.expected)
    _put(draft, action.place, node, action.code)


def _rename(draft: Draft, action: Replace, source: Source) -> None:
    function = source.call(action.place).func
    if not isinstance(function, ast.Attribute) or (action.expected and function.attr not in action.expected):
        raise Unfit
    end = source.span(function)[1]
    draft.edit(action.place, end - len(function.attr), end, draft.text(action.code))


def _expect(source: Source, node: ast.expr, texts: tuple[str, ...]) -> None:
    method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    if texts and not {source.code(node), str(_number(node)), method} & set(texts):
        raise Unfit


def _number(node: ast.expr) -> int | None:
    """The value of whole numbers multiplied and added: ``16 * 5 * 5``."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if not isinstance(node, ast.BinOp) or type(node.op) not in ARITHMETIC:
        return None
    left, right = _number(node.left), _number(node.right)
    return None if left is None or right is None else ARITHMETIC[type(node.op)](left, right)


def _put(draft: Draft, place: Place, node: ast.expr, code: Code) -> None:
    """An expression becomes other code; a statement that would then say ``x = x`` goes."""
    source = draft.source(place)
    text, parent = draft.text(code), source.parent(node)
    statement = source.statement_of(node)
    if isinstance(parent, ast.Assign) and [source.code(t) for t in parent.targets] == [text]:
        edit = statements.removed(source, statement)
        draft.edit(place, edit.start, edit.end, edit.text)
        return
    start, end = source.span(node)
    text = fitted(source, node, text)
    for edit in statements.hoisted(source, statement, _lost(source, start, end, text)):
        draft.edit(place, edit.start, edit.end, edit.text)
    before, old, after = text.partition(source.text[start:end])
    if not old:
        draft.edit(place, start, end, text)
        return
    # What stays is left alone, so that repairs of what is inside of it go along with this one.
    for offset, new in ((start, before), (end, after)):
        if new:
            draft.edit(place, offset, offset, new)


def _lost(source: Source, start: int, end: int, text: str) -> list[str]:
    return [comment for comment in source.comments_in(start, end) if comment not in text]


def _set_argument(draft: Draft, action: SetArgument) -> None:
    source = draft.source(action.place)
    call = source.call(action.place)
    try:
        position = len(call.args) if action.position is None else action.position
        node = argument(call, position, action.name)
    except Unfit:
        absent = not action.expected or "" in action.expected
        if not absent or any(k.arg is None for k in call.keywords):
            raise
        at, text = elements.appended(source, call, f"{action.name}={draft.text(action.code)}")
        draft.edit(action.place, at, at, text)
        return
    _expect(source, node, action.expected)
    _put(draft, action.place, node, action.code)


def _remove_argument(draft: Draft, action: RemoveArgument) -> None:
    source = draft.source(action.place)
    call = source.call(action.place)
    for keyword in call.keywords:
        if keyword.arg == action.name:
            _take_out(draft, action.place, call, keyword)
            return
    if action.position is None or len(call.args) != action.position + 1:
        raise Unfit
    if any(isinstance(a, ast.Starred) for a in call.args):
        raise Unfit
    _take_out(draft, action.place, call, call.args[-1])


def _take_out(draft: Draft, place: Place, container: ast.AST, element: ast.AST) -> None:
    source = draft.source(place)
    siblings = elements.elements(container)
    spans = [source.span(e) for e in siblings]
    draft.edit(place, *elements.without(source, container, spans, siblings.index(element)))


def _swap_arguments(draft: Draft, action: SwapArguments) -> None:
    source = draft.source(action.place)
    call = source.call(action.place)
    nodes = argument(call, action.first), argument(call, action.second)
    for node, other in zip(nodes, reversed(nodes), strict=True):
        start, end = source.span(node)
        draft.edit(action.place, start, end, source.code(other))


def _remove_element(draft: Draft, action: RemoveElement) -> None:
    source = draft.source(action.place)
    element: ast.AST = source.expression(action.place)
    parent = source.parent(element)
    if isinstance(parent, ast.Tuple) and len(parent.elts) == PAIR and _is_name(parent.elts[0]):
        element, parent = parent, source.parent(parent)
    if isinstance(parent, ast.Dict):
        _remove_item(draft, action.place, parent, element)
    elif _only_appends(source, element, parent):
        edit = statements.removed(source, source.statement_of(element))
        draft.edit(action.place, edit.start, edit.end, edit.text)
    elif isinstance(parent, ast.Call) and element is parent.func:  # built and called at once
        outer = _place_of(source, parent, action.place)
        _put(draft, action.place, parent, (Argument(outer, 0),))
    else:
        _take_out(draft, action.place, parent, element)


def _place_of(source: Source, node: ast.AST, near: Place) -> Place:
    return source.place(near.path, near.cell, *source.span(node))


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _remove_item(draft: Draft, place: Place, parent: ast.Dict, element: ast.AST) -> None:
    """The key goes with its value."""
    source = draft.source(place)
    index = next((n for n, value in enumerate(parent.values) if value is element), None)
    keys = parent.keys
    if index is None or any(key is None for key in keys):
        raise Unfit
    spans = [(source.span(k)[0], source.span(v)[1]) for k, v in zip(keys, parent.values, strict=True) if k]
    draft.edit(place, *elements.without(source, parent, spans, index))


def _only_appends(source: Source, element: ast.AST, parent: ast.AST) -> bool:
    if isinstance(parent, ast.List) and isinstance(source.parent(parent), ast.AugAssign):
        return len(parent.elts) == 1
    if not isinstance(parent, ast.Call) or not isinstance(parent.func, ast.Attribute):
        return False
    method = parent.func.attr in APPENDING and parent.args[-1:] == [element]
    return method and isinstance(source.parent(parent), ast.Expr)


def _insert_element(draft: Draft, action: InsertElement) -> None:
    source = draft.source(action.place)
    element: ast.AST = source.expression(action.place)
    parent, code = source.parent(element), draft.text(action.code)
    if _only_appends(source, element, parent):
        statement = source.statement_of(element)
        (begin, _), (start, end) = source.span(statement), source.span(element)
        text = source.text[begin:start] + code + source.text[end : source.span(statement)[1]]
        edit = statements.inserted(source, statement, text, Where.BEFORE)
        draft.edit(action.place, edit.start, edit.end, edit.text)
        return
    if element not in elements.elements(parent):
        raise Unfit
    start, _ = source.span(element)
    leads = source.leads(start)
    between = f",{source.newline_at(start)}{source.indent_of(start)}" if leads else ", "
    draft.edit(action.place, start, start, code + between)


def _write_out(draft: Draft, action: WriteOut) -> None:
    source = draft.source(action.place)
    statement = source.statement(action.place)
    if not isinstance(statement, ast.AugAssign):
        raise Unfit
    if any(isinstance(node, ast.Call) for node in ast.walk(statement.target)):
        raise Unfit  # it would be called twice
    target, (start, end) = source.span(statement.target), source.span(statement.value)
    operator = source.after(target[1])
    if operator is None or not operator.text.endswith("="):
        raise Unfit
    name, sign = source.text[slice(*target)], operator.text[:-1]
    draft.edit(action.place, operator.start, operator.end, f"= {name} {sign}")
    simple = isinstance(statement.value, (*ATOMS, ast.Constant))
    if not simple:
        draft.edit(action.place, start, start, "(")
        draft.edit(action.place, end, end, ")")


def _insert(draft: Draft, action: Insert) -> None:
    source = draft.source(action.place)
    statement = source.statement(action.place)
    edit = statements.inserted(source, statement, draft.text(action.code), action.where)
    draft.edit(action.place, edit.start, edit.end, edit.text)


def _remove_statement(draft: Draft, action: RemoveStatement) -> None:
    source = draft.source(action.place)
    edit = statements.removed(source, source.statement(action.place))
    draft.edit(action.place, edit.start, edit.end, edit.text)


def _move_statement(draft: Draft, action: MoveStatement) -> None:
    source = draft.source(action.place)
    if (action.to.path, action.to.cell) != (action.place.path, action.place.cell):
        raise Unfit
    statement, to = source.statement(action.place), source.statement(action.to)
    for edit in statements.moved(source, statement, to, action.where):
        draft.edit(action.place, edit.start, edit.end, edit.text)


def _edit_comment(draft: Draft, action: EditComment) -> None:
    source = draft.source(action.place)
    start, end = source.offsets(action.place)
    if not any(c.start <= start and end <= c.end for c in source.comments):
        raise Unfit
    if action.text:
        draft.edit(action.place, start, end, action.text)
        return
    begin, line_end = source.line_of(start)
    newline = END_OF_LINE.search(source.text, start, line_end)
    end = newline.start() if newline else line_end
    another = source.text.find("#", start + 1, end)
    if another >= 0:
        draft.edit(action.place, start, another, "")
        return
    if source.leads(start):
        draft.edit(action.place, begin, line_end, "")
        return
    while source.text[start - 1] in BLANK:
        start -= 1
    draft.edit(action.place, start, end, "")


_ACTIONS: dict[type, Callable[[Draft, Any], None]] = {
    Replace: _replace,
    SetArgument: _set_argument,
    RemoveArgument: _remove_argument,
    SwapArguments: _swap_arguments,
    RemoveElement: _remove_element,
    InsertElement: _insert_element,
    WriteOut: _write_out,
    Insert: _insert,
    RemoveStatement: _remove_statement,
    MoveStatement: _move_statement,
    EditComment: _edit_comment,
}
