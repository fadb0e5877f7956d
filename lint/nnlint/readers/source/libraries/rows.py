"""Functions of libraries as rows of a table: operation, signature, attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.readers.source.facts.writes import writing
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Library,
    ListValue,
    Native,
    Value,
)

Code = Callable[[Call, Arguments], Value]


@dataclass(frozen=True)
class Row:
    """One function. ``tensors``: how many leading parameters are tensors. ``absent``: attributes that are
    left out where the argument is None (``sum()`` without ``dim`` is not ``sum(dim=None)``).
    """

    kind: str
    signature: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    tensors: int = 1
    absent: tuple[str, ...] = ()


def plain(value: Value) -> Value:
    """A value as an operation's attribute: lists become tuples, what is not a plain value UNKNOWN."""
    items = value.items if isinstance(value, ListValue) else value
    return UNKNOWN if items is None and isinstance(value, ListValue) else items


SPELLED = {"dim": "axis", "keepdim": "keepdims"}
"""Keywords of torch -> how NumPy, and torch beside its own way, spells them."""


def spelled(row: Row, arguments: Arguments) -> Arguments:
    """The arguments with keywords as the row's signature names them."""
    own = {part.partition("=")[0] for part in row.signature.split()}
    other = {theirs: ours for ours, theirs in SPELLED.items() if ours in own and theirs not in own}
    if not other.keys() & arguments.keywords.keys():
        return arguments
    keywords = {other.get(name, name): value for name, value in arguments.keywords.items()}
    return replace(arguments, keywords=keywords)


def type_name(value: Value) -> str:
    """The last part of the name of a type of numbers: ``int64`` of ``torch.int64`` and of ``"int64"``."""
    if isinstance(value, Library | Class | Native):
        return value.name.rpartition(".")[2]
    return value if isinstance(value, str) else ""


def run_row(row: Row) -> Code:
    """The native code of a row."""

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        bound = bind_signature(row.signature, spelled(row, arguments))
        names = list(bound)[: row.tensors]
        inputs = [as_tensor(i, bound[name], call.node) for name in names]
        attributes = {**row.fixed, **{key: plain(bound[name]) for key, name in row.attributes.items()}}
        for name in row.absent:
            if attributes.get(name) is None:
                attributes.pop(name, None)
        if arguments.keywords.get("inplace") is True:
            attributes["inplace"] = True
        return i.operate(row.kind, inputs, writing(i, attributes), call.place)

    return run
