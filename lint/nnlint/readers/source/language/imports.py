"""Import statements."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.readers.source.language.assignment import write_variable
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import Lazy, ModuleValue, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def _import(i: Interpreter, node: ast.Import) -> None:
    for alias in node.names:
        module = i.project.import_module(i, alias.name, 0, i.frame.scope.module)
        if alias.asname:
            write_variable(i, alias.asname, module)
        else:
            top = i.project.import_module(i, alias.name.split(".")[0], 0, i.frame.scope.module)
            write_variable(i, alias.name.split(".")[0], top)


def _import_from(i: Interpreter, node: ast.ImportFrom) -> None:
    here = i.frame.scope.module
    deferred = i.project.deferred(node.module or "", node.level, here)
    if deferred is not None and node.names[0].name != "*":
        for alias in node.names:
            write_variable(i, alias.asname or alias.name, Lazy(*deferred, alias.name))
        return
    module = i.project.import_module(i, node.module or "", node.level, here)
    for alias in node.names:
        if alias.name == "*":
            _import_star(i, module, here)
        else:
            write_variable(i, alias.asname or alias.name, i.project.imported(i, module, alias.name))


IN_PART = frozenset({"fastai"})
"""Libraries of which few names are known."""


def _import_star(i: Interpreter, module: Value, here: ModuleValue) -> None:
    if not isinstance(module, ModuleValue):
        names = i.project.libraries.star(module)
        if names is None or module.name.partition(".")[0] in IN_PART:
            here.star_unknown = True
        for name, value in (names or {}).items():
            i.heap.write(here.state, name, value)
        return
    here.star_unknown |= module.star_unknown
    exported = module.state.get("__all__")
    listed = iterate(i, exported) if exported is not None else None
    for name in listed if listed is not None else [n for n in module.state if not str(n).startswith("_")]:
        if isinstance(name, str) and name in module.state:
            i.heap.write(here.state, name, i.project.resolve(i, module.state, name))


RULES: dict[type[ast.stmt], Callable[[Any, Any], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
}
