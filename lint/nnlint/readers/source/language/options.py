"""Options that a program does not run with as they are: their defaults end in an error."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.values import UNKNOWN

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

OPTIONS = pattern(r"args?|opts?|options?|flags|cfg|conf|config|hparams|hps", re.IGNORECASE)
"""What programs call the options that they are started with."""


def refuses(node: ast.If, branch: Sequence[ast.stmt]) -> bool:
    """The branch that the defaults lead to does nothing but raise: the user gives other options."""
    asks = kept(node.test, "_asks_options", _asks_options)
    return bool(branch) and asks and _raises(branch)


def given(i: Interpreter, test: ast.expr) -> None:
    """The options that a condition asks have other values than their defaults, which are not known."""
    for node in everything(test):
        root = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(root, ast.Name) and OPTIONS.fullmatch(root.id):
            assign(i, node, UNKNOWN)  # type: ignore[arg-type]


def _asks_options(test: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and OPTIONS.fullmatch(n.id) is not None for n in everything(test))


def _raises(block: Sequence[ast.stmt]) -> bool:
    """Its end is an error, whatever is asked on the way."""
    last = block[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _raises(last.body) and _raises(last.orelse)
    return isinstance(last, ast.Raise)
