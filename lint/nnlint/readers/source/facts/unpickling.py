"""Files that a program unpickles, and whether they are its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.evidence.usage import PickleLoad
from nnlint.readers.source.files.nodes import below, everything
from nnlint.readers.source.language.values import Arguments, Library, Native, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

UNPICKLING = {
    "torch.load": "torch",
    "pickle.load": "pickle",
    "cloudpickle.load": "pickle",
    "dill.load": "pickle",
}
"""Function -> the module whose ``save`` or ``dump`` writes what it reads."""

WRITES = frozenset({"save", "dump", "save_checkpoint"})


def loads(i: Interpreter, node: ast.Call, function: Value, arguments: Arguments) -> None:
    """A call: noted when it unpickles a file."""
    if not isinstance(function, Library | Native) or not function.name.endswith("load"):
        return
    api = f"torch.{function.name}" if function.name == "load" else function.name
    if api not in UNPICKLING or arguments.open or not _from_file(node):
        return
    only = arguments.keywords.get("weights_only", None)
    if only is not None and only is not False:
        return
    place = i.place(node)
    own = any(_writes(n) for n in everything(i.frame.text.tree))
    weights = _is_loaded(node, everything(i.frame.text.tree))
    i.trace.facts.append(PickleLoad(api, only is False, own, weights, place, place.path))


def _from_file(node: ast.Call) -> bool:
    """What is read is no buffer in memory."""
    first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "f"), None)
    return first is not None and "BytesIO" not in ast.unparse(first) and "buf" not in ast.unparse(first)


def _writes(node: ast.AST) -> bool:
    """``torch.save``, or ``save(...)`` where that is imported by its name."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in WRITES
    return isinstance(node, ast.Attribute) and node.attr in WRITES


def _is_loaded(node: ast.Call, nodes: list[ast.AST]) -> bool:
    """The result, or the variable that it is assigned to, becomes a model's weights, or is a model."""
    assigned = (n for n in nodes if isinstance(n, ast.Assign) and n.value is node)
    names = {ast.unparse(t) for n in assigned for t in n.targets if isinstance(t, ast.Name | ast.Attribute)}
    given: list[ast.AST] = []
    for call in nodes:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if call.func.attr == "load_state_dict":
                given += (part for argument in call.args for part in below(argument))
            elif call.func.attr in ("eval", "state_dict"):
                given.append(call.func.value)
    kept = (part for part in given if isinstance(part, ast.Name | ast.Attribute))
    return any(part is node for part in given) or any(ast.unparse(part) in names for part in kept)
