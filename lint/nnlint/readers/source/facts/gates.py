"""Whether a call depends on the mode of the model: ``if self.training:`` around it, or told in an argument.

The interpreter decides such tests for a model in train mode, so the values alone no longer show it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything, kept, last_name
from nnlint.readers.source.language.values import Class, Function

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

MODULE = "torch.nn.Module"
FLAG = pattern(
    r"(^|_)(train|training|eval|evaluate|infer|inference|deterministic|sample|sampling|mode|test)"
    r"(_?(mode|time|phase|flag|only|on))?$",
    re.IGNORECASE,
)
"""Plain variables by which functions are told the mode; ``train_loss`` and ``test_loader`` are none."""


def gated(i: Interpreter, node: ast.AST) -> bool:
    """Whether the mode decides if, or with which arguments, the call ``node`` of this function runs."""
    function = i.frame.function
    if mentions_mode(node):
        return True
    if function is None:
        return False
    if function.owner is not None and any(mentions_mode(p.node) for p in _properties(function.owner, node)):
        return True
    inside, names = _decided(function.node)
    if id(node) in inside or any(isinstance(n, ast.Name) and n.id in names for n in below(node)):
        return True
    callers = [frame.function for frame in i.frames[:-1] if frame.function is not None]
    return any(f.owner is not None and f.owner.is_a(MODULE) and mentions_mode(f.node) for f in callers)


def _properties(cls: Class, node: ast.AST) -> Iterator[Function]:
    """The properties of the class that ``node`` reads."""
    for attribute in (n for n in below(node) if isinstance(n, ast.Attribute)):
        member = cls.find(attribute.attr)
        if isinstance(member, Function) and member.decorators & {"property", "cached_property"}:
            yield member


def mentions_mode(node: ast.AST) -> bool:
    """``self.training``, or a variable named like a mode, is read somewhere in ``node``."""
    return kept(node, "_mentions_mode", _mentions_mode)


def _mentions_mode(node: ast.AST) -> bool:
    return any(
        (isinstance(n, ast.Attribute) and n.attr == "training")
        or (isinstance(n, ast.Name) and FLAG.search(n.id) is not None)
        for n in below(node)
    )


def _decided(function: ast.AST) -> tuple[frozenset[int], frozenset[str]]:
    """Ids of the nodes that only run in one mode, and names whose values depend on it."""
    return kept(function, "_gates", lambda node: (frozenset(_inside(node)), _names(node)))


def _names(function: ast.AST) -> frozenset[str]:
    """What is assigned something that reads the mode, is set to a rate or flag in one mode only, or is made
    of such a value.
    """
    inside = set(_inside(function))
    assigned = [n for n in everything(function) if isinstance(n, ast.Assign)]
    found: set[str] = set()
    for node in [*assigned, *assigned]:  # what one round of a loop sets is read in the next one
        settings = not _calls(node.value)
        if _set_by_mode(node.value) or (settings and (id(node) in inside or _reads(node.value, found))):
            found |= {n.id for t in node.targets for n in below(t) if isinstance(n, ast.Name)}
    return frozenset(found)


def _set_by_mode(value: ast.AST) -> bool:
    """It reads the mode for itself, not only to tell a dropout that a value of the network goes through."""
    told = value.keywords if isinstance(value, ast.Call) and "dropout" in last_name(value.func) else ()
    if any(k.arg == "training" and mentions_mode(k.value) for k in told):
        return False
    return mentions_mode(value)


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in names for n in below(node))


def _calls(node: ast.AST) -> bool:
    """It computes something, so that it is a value of the network rather than a setting."""
    return any(isinstance(n, ast.Call) for n in below(node))


def _inside(function: ast.AST) -> Iterator[int]:
    for node in everything(function):
        if isinstance(node, ast.If | ast.IfExp | ast.While) and mentions_mode(node.test):
            yield from map(id, below(node))
        for body in _blocks(node):
            yield from _after_return(body)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _after_return(block: list[ast.stmt]) -> Iterator[int]:
    """What follows ``if not self.training: return x``."""
    for number, statement in enumerate(block):
        if not isinstance(statement, ast.If) or not mentions_mode(statement.test):
            continue
        if isinstance(statement.body[-1], ast.Return | ast.Raise | ast.Continue):
            yield from (id(n) for later in block[number + 1 :] for n in below(later))


def owner_name(i: Interpreter) -> str:
    """The class and function that the present statement stands in: ``Net.forward``."""
    function = i.frame.function
    if function is None:
        return ""
    return f"{function.owner.name}.{function.name}" if function.owner is not None else function.name
