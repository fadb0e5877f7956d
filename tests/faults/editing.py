"""Small steps of which faults are made: finding places in a syntax tree, and changing them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tests.faults.programs import Program, last_name, method

Edit = Callable[[], object]
"""Changes the tree that it was made for."""

Finder = Callable[[ast.Module, Program], Iterator[Edit]]
"""The places of a file where a fault can be put."""

Node = TypeVar("Node", bound=ast.AST)


def all_of(tree: ast.AST, kind: type[Node]) -> list[Node]:
    """Nodes of a kind, in no particular order but always the same."""
    return [node for node in ast.walk(tree) if isinstance(node, kind)]


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    """Calls of functions or methods by the last part of their name."""
    return [node for node in all_of(tree, ast.Call) if last_name(node.func) in names]


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """The node around each."""
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def around(node: ast.AST, up: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """What stands around a node, nearest first."""
    while node in up:
        node = up[node]
        yield node


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def statements(tree: ast.AST, *methods: str) -> Iterator[tuple[list[ast.stmt], ast.Expr, ast.Call]]:
    """Statements that are a call of one of these methods, with the block in which they stand."""
    for block in blocks(tree):
        for statement in block:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if (
                isinstance(statement, ast.Expr)
                and isinstance(call, ast.Call)
                and last_name(call.func) in methods
            ):
                yield block, statement, call


def drop(block: list[ast.stmt], statement: ast.stmt) -> None:
    """Take a statement out of its block."""
    block.remove(statement)
    if not block:
        block.append(ast.Pass())


def move(block: list[ast.stmt], line: ast.stmt, anchor: ast.stmt, shift: int) -> None:
    """Put a statement before (0) or after (1) another of its block."""
    block.remove(line)
    block.insert(block.index(anchor) + shift, line)


def replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put ``new`` in the place of ``old``."""
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]


def expression(text: str, **parts: ast.expr) -> ast.expr:
    """An expression from text; names in it that are keywords here stand for the parts."""
    tree = ast.parse(text, mode="eval")
    for node in all_of(tree, ast.Name):
        if node.id in parts:
            replace(tree, node, parts[node.id])
    return tree.body


def statement(text: str) -> ast.stmt:
    """A statement from text."""
    return ast.parse(text).body[0]


def need_torch(tree: ast.Module) -> None:
    """Import torch at the top, once more if it is there."""
    at = 1 if tree.body and isinstance(tree.body[0], ast.Expr) else 0
    tree.body.insert(at, statement("import torch"))


def heads(tree: ast.Module, program: Program) -> Iterator[tuple[ast.ClassDef, ast.FunctionDef, ast.Return]]:
    """Classes whose forward ends with the one value that meets the loss."""
    for cls in all_of(tree, ast.ClassDef):
        forward = method(cls, "forward")
        if cls.name not in program.heads or forward is None:
            continue
        returns = all_of(forward, ast.Return)
        if len(returns) == 1 and returns[0].value is not None and not isinstance(returns[0].value, ast.Tuple):
            yield cls, forward, returns[0]


def sequentials(tree: ast.Module, program: Program) -> Iterator[ast.Call]:
    """``nn.Sequential(...)`` that is the model, or that a head's forward returns the value of."""
    for call in calls(tree, "Sequential"):
        if any(isinstance(argument, ast.Starred) for argument in call.args) or not call.args:
            continue
        for assign in all_of(tree, ast.Assign):
            if assign.value is not call:
                continue
            target = assign.targets[0]
            if (isinstance(target, ast.Name) and target.id in ("model", "net")) or (
                isinstance(target, ast.Attribute) and _is_returned(tree, program, target.attr)
            ):
                yield call


def _is_returned(tree: ast.Module, program: Program, attribute: str) -> bool:
    return any(
        isinstance(end.value, ast.Call) and last_name(end.value.func) == attribute
        for *_, end in heads(tree, program)
    )


def training_losses(tree: ast.Module, program: Program, *kinds: str) -> Iterator[ast.Call]:
    """Calls of losses of these kinds whose results are differentiated: below no ``no_grad``."""
    up = parents(tree)
    for call in calls(tree, *program.loss_names):
        if program.loss_names[last_name(call.func)] in kinds and len(call.args) >= 2 and is_trained(call, up):
            yield call


def is_trained(node: ast.AST, up: dict[ast.AST, ast.AST]) -> bool:
    """A loop or function around it calls ``backward``, or it is a step of a framework."""
    for outer in around(node, up):
        if isinstance(outer, ast.With) and any("no_grad" in ast.unparse(i.context_expr) for i in outer.items):
            return False
        if isinstance(outer, ast.FunctionDef) and outer.name in (
            "training_step",
            "_shared_step",
            "train_step",
        ):
            return True
        if isinstance(outer, ast.For | ast.FunctionDef) and calls(outer, "backward"):
            return True
        if isinstance(outer, ast.FunctionDef):
            return False
    return False


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """An argument that is given by name."""
    return next((k for k in call.keywords if k.arg == name), None)


def without(call: ast.Call, name: str) -> Edit:
    """Takes a keyword argument out of a call."""

    def edit() -> None:
        call.keywords = [k for k in call.keywords if k.arg != name]

    return edit


def only(program: Program, *kinds: str) -> bool:
    """All losses of the program are of these kinds."""
    return bool(program.loss_kinds) and program.loss_kinds <= set(kinds)


def chain(*finders: Finder) -> Finder:
    """All places of several finders."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for finder in finders:
            yield from finder(tree, program)

    return find


def numbers(nodes: Iterable[ast.AST]) -> Iterator[ast.Constant]:
    """Constants that are numbers."""
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, int | float)
            and not isinstance(node.value, bool)
        ):
            yield node
