"""Comprehensions: elements in order where all rounds are known, else one element for all."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from nnlint.evidence.source import Loop
from nnlint.readers.source.facts.naming import given_name
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.items import hashable
from nnlint.readers.source.language.iteration import element_of, iterate
from nnlint.readers.source.language.joins import join_all, truth
from nnlint.readers.source.language.values import OPEN, DictValue, Scope, Stream, Value, new_list
from nnlint.readers.source.libraries.conventions import named_loader

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def comprehension(i: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    """A list, a set or a generator."""
    items: list[Value] = []
    known = _each(i, node.generators, 0, lambda: items.append(i.evaluate(node.elt)))
    if known:
        return new_list(tuple(items), "set" if isinstance(node, ast.SetComp) else "list")
    return Stream(join_all(items))


def dict_comprehension(i: Interpreter, node: ast.DictComp) -> Value:
    """A dictionary; open where keys or rounds are not known."""
    state: dict[Any, Value] = {}

    def add() -> None:
        key, value = i.evaluate(node.key), i.evaluate(node.value)
        if hashable(key):
            state[key] = value
        else:
            state[OPEN] = True

    if not _each(i, node.generators, 0, add):
        return DictValue({OPEN: True})
    return DictValue(state)


def _each(i: Interpreter, generators: list[ast.comprehension], depth: int, body: Callable[[], None]) -> bool:
    """Run ``body`` for each combination; False when rounds or conditions are not all known."""
    outer = i.frame.scope
    inner = Scope({}, outer.module, outer, "function") if depth == 0 else outer
    i.frame.scope = inner
    try:
        if depth == len(generators):
            body()
            return True
        generator = generators[depth]
        i.frame.scope = outer if depth == 0 else inner
        source, given = i.evaluate(generator.iter), given_name(i, generator.iter)
        i.frame.scope = inner
        values = iterate(i, source)
        known = values is not None
        with _rounds(i, generator, source, given) if values is None else nullcontext():
            for value in values if values is not None else [element_of(i, source)]:
                assign(i, generator.target, value)
                decided = [truth(i.evaluate(test)) for test in generator.ifs]
                if False in decided:
                    continue
                known &= None not in decided
                known &= _each_inner(i, generators, depth + 1, body)
        return known
    finally:
        i.frame.scope = outer


def _rounds(
    i: Interpreter, generator: ast.comprehension, source: Value, given: str
) -> AbstractContextManager[None]:
    """What happens for each element happens in a loop, as below ``for``."""
    loader = source.loader if isinstance(source, Stream) else i.project.libraries.loader(i, source)
    loader = named_loader(loader, generator.iter, i.place(generator.iter), given)
    names = tuple(n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name))
    return i.trace.loop(Loop(i.place(generator.target), loader, None, i.trace.calls_here, variables=names))


def _each_inner(
    i: Interpreter, generators: list[ast.comprehension], depth: int, body: Callable[[], None]
) -> bool:
    if depth == len(generators):
        body()
        return True
    return _each(i, generators, depth, body)
