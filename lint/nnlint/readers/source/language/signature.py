"""Signatures of library functions as short texts: ``"input dim=None keepdim=False"``."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

from nnlint.readers.source.language.values import UNKNOWN, Arguments, Value

REQUIRED = object()


@cache
def parameters(signature: str) -> tuple[tuple[str, Any], ...]:
    """Names and defaults; REQUIRED where there is none. ``*`` only separates keyword-only ones."""
    result = []
    for part in signature.split():
        name, _, default = part.partition("=")
        if name != "*":
            result.append((name, ast.literal_eval(default) if default else REQUIRED))
    return tuple(result)


def bind_signature(signature: str, arguments: Arguments) -> dict[str, Value]:
    """Each parameter's value; UNKNOWN for what an open call may have set and for a missing required one."""
    positional = list(arguments.positional)
    bound: dict[str, Value] = {}
    for name, default in parameters(signature):
        if positional:
            bound[name] = positional.pop(0)
        elif name in arguments.keywords:
            bound[name] = arguments.keywords[name]
        else:
            bound[name] = UNKNOWN if arguments.open or default is REQUIRED else default
    return bound


def literal(node: ast.AST, index: int, name: str) -> bool:
    """Whether a call writes out an argument as a number, rather than takes it from somewhere."""
    if not isinstance(node, ast.Call):
        return False
    given = [k.value for k in node.keywords if k.arg == name] or node.args[index : index + 1]
    return any(isinstance(value, ast.Constant) for value in given)
