"""The weights of a model that are kept under another name, and where they are used."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Loop
from nnlint.pattern import pattern
from nnlint.readers.source.facts import keeping
from nnlint.readers.source.files.nodes import below, kept, last_name
from nnlint.readers.source.language.values import Instance, Scope, State, Unknown, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

BEST = pattern(r"(^|_)best(_|$)|best_?(model|net|state|weight|wts)", re.IGNORECASE)
OTHERS = pattern(r"opt|sched|scaler|sampler|loader", re.IGNORECASE)
"""Objects with a ``state_dict`` that are no models."""

COPIES = frozenset({"deepcopy", "copy", "clone", "print", "id", "type", "isinstance", "len", "repr", "str"})
"""Functions that copy a model, or do not ask for its weights."""

SHALLOW = frozenset({"dict", "OrderedDict", "copy"})
"""Functions that copy a dictionary and not the tensors in it."""


@dataclass(frozen=True, eq=False)
class Kept:
    """``name = model.state_dict()``, or ``name = model``: ``what`` tells which.

    ``at``: how many events there were before; ``loop``: the innermost, when the model is older than its
    rounds and not every round keeps it; ``branches``: those of undecided conditions around it; ``home``: the
    variables that it is one of, None for an attribute.
    """

    what: str
    name: str
    owner: str
    model: Value
    written: str
    place: Place
    at: int
    loop: Loop | None
    branches: tuple[int, ...]
    home: State | None


@dataclass(frozen=True, eq=False)
class Replaced:
    """What is called the best is set to something else than live weights: a copy, or nothing."""

    name: str
    home: State | None


@dataclass(frozen=True, eq=False)
class Used:
    """Something is loaded or saved: the names and homes of what is given, as for ``Kept``.

    ``receiver``: what it is loaded into, where that is older than the innermost round, else "". ``runs``: a
    model is called, or given to something that may call it.
    """

    names: tuple[tuple[str, State | None], ...]
    receiver: str
    place: Place
    at: int
    loops: tuple[Loop, ...]
    branches: tuple[int, ...]
    runs: bool = False

    def means(self, kept: Kept) -> bool:
        """What is given is what was kept."""
        if self.runs and (kept.what != "model" or kept.loop in self.loops):
            return False
        return any(name == kept.name and home is kept.home for name, home in self.names)


def assigned(i: Interpreter, node: ast.Assign, value: Value) -> None:
    """An assignment: noted when it keeps the live weights of a model, or a model as the best one."""
    if len(node.targets) != 1:
        return
    if not kept(node, "_keeps", _may_keep):
        return
    values = value if isinstance(value, tuple) and len(_pairs(node)) > 1 else (value,)
    for (target, source), part in zip(_pairs(node), values, strict=False):
        _note(i, node, target, source, part)


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """Each target with what is assigned to it: ``best, kept = score, model`` are two."""
    target, source = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(source, ast.Tuple):
        return list(zip(target.elts, source.elts, strict=False))
    return [(target, source)]


def _note(i: Interpreter, node: ast.Assign, target: ast.expr, source: ast.expr, value: Value) -> None:
    name, what, owner = _name(target), "state_dict", _owner(source)
    if owner is None and _is_best_model(source, value, name):
        what, owner = "model", source
    if owner is None and isinstance(source, ast.Dict) and BEST.search(name):
        what, owner = "model", next((v for v in source.values if _is_known_model(i, v)), None)
    if not name or owner is None or not _is_model(i, owner):
        if BEST.search(name):
            i.trace.noticed.append(Replaced(name, _home(i, name)))
        return
    trace = i.trace
    again = trace.loops and trace.conditions and keeping.is_older(i, owner)
    loop = trace.loops[-1] if again else None
    written = ast.unparse(node)
    trace.noticed.append(
        Kept(
            what,
            name,
            ast.unparse(owner),
            i.evaluate(owner),
            written,
            i.place(node),
            len(trace.events),
            loop,
            trace.branches,
            _home(i, name),
        )
    )


def _may_keep(node: ast.AST) -> bool:
    """Whether the text alone does not rule it out: most assignments are run often and keep nothing."""
    assert isinstance(node, ast.Assign)
    return any(_owner(s) is not None or BEST.search(_name(t)) is not None for t, s in _pairs(node))


def _is_best_model(source: ast.expr, value: Value, name: str) -> bool:
    plain = isinstance(source, ast.Name | ast.Attribute)
    return plain and BEST.search(name) is not None and isinstance(value, Instance | Unknown)


def _owner(node: ast.expr) -> ast.expr | None:
    """``model`` of ``model.state_dict()``, also in a dictionary, or copied without the tensors."""
    if isinstance(node, ast.Dict):
        return next((owner for value in node.values if (owner := _owner(value)) is not None), None)
    if not isinstance(node, ast.Call):
        return None
    name = last_name(node.func)
    if name == "state_dict" and isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.value
    if name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        return _owner(node.func.value)
    return _owner(node.args[0]) if name in SHALLOW and len(node.args) == 1 else None


def _is_known_model(i: Interpreter, node: ast.expr) -> bool:
    plain = isinstance(node, ast.Name | ast.Attribute)
    return plain and isinstance(i.evaluate(node), Instance) and _is_model(i, node)


def _is_model(i: Interpreter, node: ast.expr) -> bool:
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    value = i.evaluate(node)
    if isinstance(value, Instance):
        return value.is_a("torch.nn.Module")
    return isinstance(value, Unknown) and not OTHERS.search(ast.unparse(node).rpartition(".")[2])


def _name(node: ast.expr) -> str:
    """The variable, or the attribute with a dot: that of an object is known by other names elsewhere."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return f".{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def used(i: Interpreter, node: ast.Call) -> None:
    """A call: noted when it loads or saves."""
    name = last_name(node.func)
    if name in ("load_state_dict", "save"):
        names = frozenset(_name(argument) for argument in _given(node))
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        older = owner is not None and keeping.is_older(i, owner)
        _note_use(i, names, ast.unparse(owner) if owner is not None and older else "", node)
    elif name not in COPIES:
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        best = frozenset(n for part in (receiver, *node.args) if BEST.search(n := _plain_name(part)))
        if best:
            _note_use(i, best, "", node, runs=True)


def _given(node: ast.Call) -> list[ast.expr]:
    """What is loaded or saved: alone, or the models whose weights a dictionary has."""
    first = node.args[:1]
    if not first or not isinstance(first[0], ast.Dict | ast.Call):
        return first
    parts = [part for part in below(first[0]) if isinstance(part, ast.Call)]
    return [o for part in parts if (o := _owner(part)) is not None and BEST.search(_name(o))]


def _plain_name(node: ast.expr) -> str:
    return _name(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def returned(i: Interpreter, node: ast.Return) -> None:
    """``return best``: noted, it leaves the loops of the function."""
    parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    names = frozenset(_name(part) for part in parts if part is not None)
    if any(map(BEST.search, names)):
        _note_use(i, names, "", node)


def _home(i: Interpreter, name: str) -> State | None:
    """The scope that has the variable; a variable of the same name in another call is another one."""
    if name.startswith("."):
        return None
    scope: Scope | None = i.frame.scope
    while scope is not None and name not in scope.variables:
        scope = scope.parent
    return (scope or i.frame.scope).variables


def _note_use(
    i: Interpreter, names: frozenset[str], receiver: str, node: ast.AST, *, runs: bool = False
) -> None:
    trace = i.trace
    known = tuple((name, _home(i, name)) for name in names)
    at, place = len(trace.events), i.place(node)
    trace.noticed.append(Used(known, receiver, place, at, trace.loops, trace.branches, runs))
