"""What a layer gave is put under a name that nobody reads before the name gets another value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.evidence.usage import Dropped
from nnlint.network.graph import Tensor
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything, kept
from nnlint.readers.source.language.values import Value, Weight

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

ON_PURPOSE = pattern(r"_.*|.*(unused|dummy|ignore|skip_?this|discard).*", re.IGNORECASE)
ELSEWHERE = pattern(r"hook|locals|profile|benchmark|warm_?up|breakpoint|set_trace", re.IGNORECASE)
"""Words of functions that see values without their names, or run layers for another reason than that."""


def assigned(i: Interpreter, node: ast.Assign, value: Value, before: int) -> None:
    """A value was assigned inside of a model; ``before``: how many operations there were by then."""
    function = i.frame.function
    if function is None or not isinstance(value, Tensor) or isinstance(value, Weight):
        return
    if node not in kept(function.node, "_forgotten", lambda root: frozenset(_forgotten(root))):
        return
    made = i.trace.operations[before:]
    if not any(family(operation) is Family.WEIGHTED for operation in made) or _seen_elsewhere(i):
        return
    place = i.place(node)
    (target,) = node.targets
    assert isinstance(target, ast.Name)
    if call := next((n for n in below(node.value) if isinstance(n, ast.Call)), None):
        i.trace.facts.append(Dropped("tensor", ast.unparse(call.func), "", place, place.path, target.id))


def _seen_elsewhere(i: Interpreter) -> bool:
    tree = i.frame.text.tree
    return kept(tree, "_hooked", lambda root: any(ELSEWHERE.search(name) for name in _names(root)))


def _names(root: ast.AST) -> Iterator[str]:
    for node in everything(root):
        if isinstance(node, ast.Attribute | ast.Name):
            yield node.attr if isinstance(node, ast.Attribute) else node.id


def _forgotten(root: ast.AST) -> Iterator[ast.Assign]:
    """Assignments to one name that is never read, or that is set again before anything reads it."""
    reads = {n.id for n in everything(root) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    shared = {n for s in everything(root) if isinstance(s, ast.Global | ast.Nonlocal) for n in s.names}
    for node in everything(root):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for number, statement in enumerate(block):
                written = _single(statement)
                if not written or written in shared or ON_PURPOSE.fullmatch(written):
                    continue
                if written not in reads or _overwritten(written, block[number + 1 :]):
                    yield statement


def _single(statement: ast.AST) -> str:
    """The only name that an assignment binds, "" for anything else."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return ""
    (target,) = statement.targets
    return target.id if isinstance(target, ast.Name) else ""


def _overwritten(name: str, rest: list[ast.stmt]) -> bool:
    """The next statement that mentions the name sets it again, and does not read it."""
    for statement in rest:
        used = [n for n in below(statement) if isinstance(n, ast.Name) and n.id == name]
        if used:
            return _single(statement) == name and len(used) == 1
        if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
            return False
    return False
