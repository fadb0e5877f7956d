"""What is seen while modules are built and changed, to be judged when the entry is over."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.usage import EarlyRegistration
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything
from nnlint.readers.source.language.values import Call, Function, Instance, Unknown, Value, Weight
from nnlint.readers.source.libraries.modules import KERAS, is_module

if TYPE_CHECKING:
    from nnlint.readers.source.language.frame import Frame
    from nnlint.readers.source.language.interpreter import Interpreter


@dataclass(frozen=True, eq=False)
class Setting:
    """``module.requires_grad = value``, on a module that has no such attribute."""

    module: Value
    written: str
    value: bool
    place: Place


@dataclass(frozen=True, eq=False)
class Inside:
    """A module that is constructed while a model runs. ``function``: whose body the construction stands in;
    ``guarded``: below a condition there, so that it may be made once and kept; ``stored``: in an attribute,
    or in a container that is one.
    """

    module: Instance
    function: Function | None
    guarded: bool
    stored: bool


def noticed(call: Call, module: Instance, name: str, value: Value) -> None:
    """An attribute of a module is set."""
    i = call.interpreter
    if name == "requires_grad" and isinstance(value, bool) and not _own_flag(i, call.node, module):
        written = ast.unparse(call.node) if isinstance(call.node, ast.Attribute) else name
        i.trace.noticed.append(Setting(module, written, value, call.place))
    if "training" not in module.state and (is_module(value) or isinstance(value, Weight)):
        _early(call, module, name, value)


def noticed_of_unknown(i: Interpreter, target: Value, name: str, value: Value, node: ast.AST) -> None:
    """An attribute of what is not known, or of a weight, is set."""
    if not isinstance(node, ast.Attribute) or not isinstance(value, bool):
        return
    if name != "requires_grad":
        if get_close_matches(name, ["requires_grad"], cutoff=ALIKE):
            i.trace.noticed.append(Setting(target, ast.unparse(node), value, i.place(node)))
    elif (
        isinstance(target, Unknown)
        and value is False
        and (_is_used_as_module(i, node.value) or _is_part_of_model(i, node.value))
    ):
        i.trace.noticed.append(Setting(target, ast.unparse(node), value, i.place(node)))


ALIKE = 0.85
"""How alike two names are when one is a slip of the pen for the other (``require_grad``)."""

PARTS = pattern(r"features|layer\d|stages?|blocks|trunk|encoder|backbone|body|bert|roberta|base_model")
"""What ready-made models call the modules that they are made of."""

WALKS = frozenset({"children", "named_children", "modules", "named_modules"})


def _is_part_of_model(i: Interpreter, node: ast.expr) -> bool:
    """``model.features`` of a model whose inside is not followed."""
    if not isinstance(node, ast.Attribute) or not PARTS.fullmatch(node.attr):
        return False
    owner = i.evaluate(node.value)
    return isinstance(owner, Instance) and "_origin" in owner.state


def _is_used_as_module(i: Interpreter, node: ast.expr) -> bool:
    """The program calls it, or takes it from ``children()``, and it freezes no parameters elsewhere."""
    written, nodes = ast.dump(node), everything(i.frame.text.tree)
    if any(isinstance(n, ast.Attribute) and n.attr == "requires_grad_" for n in nodes):
        return False
    loops = [n for n in nodes if isinstance(n, ast.For)]
    if any(_freezes(loop) for loop in loops):
        return False
    called = any(isinstance(n, ast.Call) and ast.dump(n.func) == written for n in nodes)
    name = node.id if isinstance(node, ast.Name) else ""
    around = (loop for loop in loops if loop.lineno <= node.lineno <= (loop.end_lineno or 0))
    return called or any(_binds(loop.target, name) and _over_modules(loop.iter) for loop in around)


def _freezes(loop: ast.For) -> bool:
    """It goes over parameters and sets something of them."""
    over = any(isinstance(n, ast.Attribute) and "parameters" in n.attr for n in below(loop.iter))
    return over and any(isinstance(n, ast.Attribute) and n.attr == "requires_grad" for n in below(loop))


def _binds(target: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in below(target))


def _over_modules(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr in WALKS for n in below(node))


def _own_flag(i: Interpreter, node: ast.AST, module: Instance) -> bool:
    """The class keeps a flag of that name for itself, and reads it."""
    return any(
        isinstance(n, ast.Attribute) and n.attr == "requires_grad" and _is_self(n) and _read(n)
        for cls in module.cls.mro
        if cls.node is not None
        for n in everything(cls.node)
    )


def _is_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _read(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _early(call: Call, module: Instance, name: str, value: Value) -> None:
    function = call.interpreter.frame.function
    if module.cls.opaque or not module.is_a("torch.nn.Module") or function is None or function.owner is None:
        return
    member = "Parameter" if isinstance(value, Weight) else value.cls.name
    place = call.place
    known = (f for f in call.interpreter.trace.facts if isinstance(f, EarlyRegistration))
    if any(f.module == module.cls.name for f in known):
        return  # the program ends at the first
    fact = EarlyRegistration(module.cls.name, name, member, place, place.path)
    call.interpreter.trace.facts.append(fact)


def built(i: Interpreter, module: Instance) -> None:
    """A module is constructed: kept when a model is running."""
    if (i.trace.inside or any(map(_is_call_of_layer, i.frames))) and not i.choices:
        function = next((f.function for f in reversed(i.frames) if _holds(f.function, module.place)), None)
        guarded = function is not None and _conditional(function.node, module.place.line)
        stored = function is not None and _stores(function.node, module.place.line)
        i.trace.noticed.append(Inside(module, function, guarded, stored))


def _is_call_of_layer(frame: Frame) -> bool:
    """``call`` of a layer of Keras, which runs while a graph is built, too."""
    function = frame.function
    if function is None or function.name != "call" or function.owner is None:
        return False
    return function.owner.is_a(KERAS)


def _holds(function: Function | None, place: Place) -> bool:
    if function is None or function.text.path != place.path or function.text.cells:
        return False
    return function.node.lineno <= place.line <= (function.node.end_lineno or 0)


def _conditional(node: ast.AST, line: int) -> bool:
    return any(
        isinstance(n, ast.If | ast.Try) and n.lineno <= line <= (n.end_lineno or n.lineno)
        for n in below(node)
    )


def _stores(node: ast.AST, line: int) -> bool:
    """An assignment on this line sets an attribute or an item."""
    return any(
        isinstance(n, ast.Assign)
        and n.lineno <= line <= (n.end_lineno or n.lineno)
        and any(isinstance(target, ast.Attribute | ast.Subscript) for target in n.targets)
        for n in below(node)
    )
