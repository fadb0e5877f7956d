"""Arguments that nobody gives: a configuration is what its class says it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.readers.source.language.values import UNKNOWN, Arguments, Class, Function, Native, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def missing_argument(i: Interpreter, function: Function, parameter: ast.arg) -> Value:
    """A parameter without an argument or default: the defaults of the dataclass that its annotation names.

    That is what a launcher (``@hydra.main``) passes where the command line says nothing else.
    """
    named = parameter.annotation
    cls = function.scope.module.state.get(named.id) if isinstance(named, ast.Name) else None
    if not isinstance(cls, Class) or not isinstance(cls.state.get("__init__"), Native) or cls.node is None:
        return UNKNOWN
    if not any("dataclass" in ast.unparse(decorator) for decorator in cls.node.decorator_list):
        return UNKNOWN
    return i.construct(cls, Arguments([]), parameter)
