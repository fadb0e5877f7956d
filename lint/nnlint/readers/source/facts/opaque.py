"""Calls of methods of which only the name is known, as events."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.evidence.source import Did
from nnlint.readers.source.facts.naming import object_of
from nnlint.readers.source.files.nodes import last_name
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.values import Arguments, Instance
from nnlint.readers.source.libraries.conventions import STEPPED, conventional, details_of

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def method(i: Interpreter, node: ast.Call, function: ast.Attribute, arguments: Arguments) -> None:
    """Note the call of a method of an unknown object. What is differentiated is a tensor with a graph."""
    receiver = function.value
    name = last_name(receiver)
    did = conventional(function.attr, name, len(node.args))
    first = arguments.positional[0] if did in STEPPED and arguments.positional else None
    keys = (first.key,) if isinstance(first, Instance) else ()
    details = details_of(did, node, name)
    details["object"], details["callee"] = object_of(i, receiver), object_of(i, function)
    if did is Did.BACKWARD:
        details["value"] = i.operate("unknown", (), {"requires_grad": True}, i.place(node))
        assign(i, receiver, details["value"])
    i.trace.did(did, i.place(node), *keys, **details)
