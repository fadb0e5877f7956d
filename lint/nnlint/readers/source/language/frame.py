"""A function call under way, and the end of an entry that takes too long."""

from __future__ import annotations

import ast
from dataclasses import field

from nnlint.dataclass import dataclass
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.heap import Writes
from nnlint.readers.source.language.values import Function, ModuleValue, Scope, Value


class OutOfFuel(Exception):
    """The entry took more steps than it may."""


@dataclass(eq=False, slots=True)
class Frame:
    """A function call under way. ``returns``: values of earlier conditional returns, with their writes."""

    function: Function | None
    scope: Scope
    text: Text
    returns: list[Value] = field(default_factory=list)
    yields: list[Value] | None = None
    uncertain_yields: bool = False
    undecided: int = 0  # loops around the call whose rounds are not told apart, and open conditions
    value: Value = None
    left: list[Writes] = field(default_factory=list)
    loops: list[list[Writes]] = field(default_factory=list)
    call: ast.AST | None = None
    ahead: int = 0  # arguments that come before those that the call shows: ``self``


NO_FRAME = Frame(None, Scope({}, ModuleValue("", {})), Text("", "", ast.Module([], [])))
"""Outside of all code."""
