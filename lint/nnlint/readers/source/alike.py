"""Functions of one file that do alike (``resnet18``, ``resnet34``...): a few of them stand for all."""

from __future__ import annotations

import ast
from collections import Counter

from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.language.values import Class, Function, Lazy, ModuleValue

MAX_ALIKE = 3
"""How many functions without loops that call the same things are run."""

ALIKE_FUEL = 12_000
"""Steps after which no more of them are run: small functions all get their turn, large networks do not."""

Pattern = frozenset[str]


class Alike:
    """What was run of each pattern of calls, and how much that took."""

    def __init__(self, module: ModuleValue) -> None:
        self._known = module.state
        self._runs: Counter[Pattern] = Counter()
        self._fuel: Counter[Pattern] = Counter()

    def enough(self, function: ast.AST) -> bool:
        """Whether others like it have been run often enough; one that is not counts as run."""
        if any(isinstance(n, ast.For | ast.While) for n in everything(function)):
            return False
        pattern = self._pattern(function)
        self._runs[pattern] += 1
        return self._runs[pattern] > MAX_ALIKE or self._fuel[pattern] > ALIKE_FUEL

    def took(self, function: ast.AST, fuel: int) -> None:
        """It was run, with that many steps."""
        self._fuel[self._pattern(function)] += fuel

    def _pattern(self, function: ast.AST) -> Pattern:
        """The functions and classes of the program that it calls: others take no time, ``dict(...)``."""
        return kept(function, "_calls", self._names) or frozenset([str(id(function))])

    def _names(self, function: ast.AST) -> Pattern:
        called = (n.func for n in everything(function) if isinstance(n, ast.Call))
        names = (n.id for n in called if isinstance(n, ast.Name))
        return frozenset(n for n in names if isinstance(self._known.get(n), Function | Class | Lazy))
