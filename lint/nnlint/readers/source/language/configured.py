"""Arguments that nobody gives: a configuration is what its class says it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.readers.source.files.nodes import kept, last_name
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Class, Function, Native, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def missing_argument(i: Interpreter, function: Function, parameter: ast.arg) -> Value:
    """A parameter without an argument or default: the defaults of the dataclass that its annotation names.

    That is what a launcher (``@hydra.main``) passes where the command line says nothing else.
    """
    option = kept(parameter, "_option", lambda p: _option(function.node, p.arg))  # type: ignore[attr-defined]
    if option is not None:
        return i.evaluate(option)
    named = parameter.annotation
    cls = function.scope.module.state.get(named.id) if isinstance(named, ast.Name) else None
    if not isinstance(cls, Class) or not isinstance(cls.state.get("__init__"), Native) or cls.node is None:
        return UNKNOWN
    if not any("dataclass" in ast.unparse(decorator) for decorator in cls.node.decorator_list):
        return UNKNOWN
    return i.construct(cls, Arguments([]), parameter)


def _option(node: ast.AST, name: str) -> ast.expr | None:
    """The default that ``@click.option("--name", default=...)`` gives a parameter; None without one."""
    for decorator in getattr(node, "decorator_list", ()):
        if not isinstance(decorator, ast.Call) or last_name(decorator.func) not in ("option", "argument"):
            continue
        texts = [a.value for a in decorator.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if any(text.lstrip("-").replace("-", "_") == name for text in texts):
            return next((k.value for k in decorator.keywords if k.arg == "default"), None)
    return None
