"""Parameters of constructors that their bodies never read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.evidence.place import Place
from nnlint.evidence.usage import UnreadArgument
from nnlint.pattern import pattern
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.values import Class

TAKES_ALL = frozenset({"locals", "vars", "save_hyperparameters", "eval", "exec", "inspect", "_getframe"})
"""What reads parameters without their names."""

ON_PURPOSE = pattern(
    r"deprecat|unused|not used|ignored?\b|compat|legacy|placeholder|noqa|todo", re.IGNORECASE
)
"""Words by which sources say that a parameter is there for the sake of callers."""


def unread_arguments(trace: Trace) -> Iterator[UnreadArgument]:
    """Of each class of the program whose objects are models."""
    seen: set[int] = set()
    for model in trace.models:
        cls = model.cls
        if cls.node is None or id(cls.node) in seen or cls.scope is None or cls.scope.module.text is None:
            continue
        seen.add(id(cls.node))
        if _speaks_for_itself(cls, cls.scope.module.text):
            yield from _unread(cls.node, cls.scope.module.text)


def _speaks_for_itself(cls: Class, text: Text) -> bool:
    """It is no base class, is not exchanged for others, and says nothing of arguments without effect."""
    assert cls.node is not None
    lines = text.lines[cls.node.lineno - 1 : cls.node.end_lineno]
    if ON_PURPOSE.search("\n".join(lines)) or cls.node.decorator_list:
        return False
    bases, others = kept(text.tree, "_mentions", _mentions)
    return cls.name not in bases and not any(not _in_super(n, text) for n in others.get(cls.name, ()))


def _mentions(tree: ast.AST) -> tuple[set[str], dict[str, list[ast.Name]]]:
    """Names of base classes, and where names are neither called nor bases."""
    nodes = everything(tree)
    called = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    bases = {
        id(b): b.id for n in nodes if isinstance(n, ast.ClassDef) for b in n.bases if isinstance(b, ast.Name)
    }
    others: dict[str, list[ast.Name]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and id(node) not in called and id(node) not in bases:
            others.setdefault(node.id, []).append(node)
    return set(bases.values()), others


def _in_super(node: ast.Name, text: Text) -> bool:
    """``super(Net, self)``, or an annotation."""
    return any(
        isinstance(n, ast.Call) and getattr(n.func, "id", "") in ("super", "isinstance") and node in n.args
        for n in everything(text.tree)
    )


def _unread(node: ast.ClassDef, text: Text) -> Iterator[UnreadArgument]:
    made = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    if made is None or made.decorator_list or not _builds(made):
        return
    parts = everything(made)
    read = {n.id for n in parts if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}
    called = read | {n.attr for n in parts if isinstance(n, ast.Attribute)}
    if called & TAKES_ALL:
        return
    for parameter, default in _parameters(made):
        if parameter.arg not in read and not parameter.arg.startswith("_"):
            place = text.place(parameter)
            written = "" if default is None else ast.unparse(default)
            setter = _set_by(node.name, made, parameter.arg, written, text)
            yield UnreadArgument(node.name, parameter.arg, written, place, place.path, setter)


def _builds(made: ast.FunctionDef) -> bool:
    """The constructor assigns something that a call gives."""
    return any(isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) for n in everything(made))


def _parameters(made: ast.FunctionDef) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    spec = made.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults = [None] * (len(positional) - len(spec.defaults)) + list(spec.defaults)
    yield from list(zip(positional, defaults, strict=True))[1:]
    yield from zip(spec.kwonlyargs, spec.kw_defaults, strict=True)


def _set_by(cls: str, made: ast.FunctionDef, name: str, default: str, text: Text) -> Place | None:
    """A call of the class that gives the parameter another value than its default."""
    order = [parameter.arg for parameter, _ in _parameters(made)]
    for call in everything(text.tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == cls:
            given = dict(zip(order, call.args, strict=False)) | {
                k.arg: k.value for k in call.keywords if k.arg
            }
            if name in given and ast.unparse(given[name]) != default:
                return text.place(call)
    return None
