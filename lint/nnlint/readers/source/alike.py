"""Functions of one file that do alike (``resnet18``, ``resnet34``...): a few of them stand for all."""

from __future__ import annotations

import ast
from collections import Counter

from nnlint.readers.source.text import Text, kept

MAX_ALIKE = 3
"""How many functions without loops that call the same things are run."""

ALIKE_FUEL = 30_000
"""Steps after which no more of them are run: small functions all get their turn, large networks do not."""

Pattern = frozenset[str]


class Alike:
    """What was run of each pattern of calls, and how much that took."""

    def __init__(self, text: Text) -> None:
        self._classes = {n.name for n in text.tree.body if isinstance(n, ast.ClassDef)}
        self._runs: Counter[Pattern] = Counter()
        self._fuel: Counter[Pattern] = Counter()

    def enough(self, function: ast.AST) -> bool:
        """Whether others like it have been run often enough; one that is not counts as run."""
        if any(isinstance(n, ast.For | ast.While) for n in ast.walk(function)):
            return False
        pattern = self._pattern(function)
        self._runs[pattern] += 1
        return self._runs[pattern] > MAX_ALIKE or self._fuel[pattern] > ALIKE_FUEL

    def took(self, function: ast.AST, fuel: int) -> None:
        """It was run, with that many steps."""
        self._fuel[self._pattern(function)] += fuel

    def _pattern(self, function: ast.AST) -> Pattern:
        """The names that it calls, but for those of namespaces of the file (``ResNet18_Weights.verify``)."""
        return kept(function, "_calls", self._names)

    def _names(self, function: ast.AST) -> Pattern:
        names = (_dotted(n.func) for n in ast.walk(function) if isinstance(n, ast.Call))
        return frozenset(n for n in names if "." not in n or n.partition(".")[0] not in self._classes)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)
