"""How much of the models in some files the reader reached and understood: silence told from blindness."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nnlint.evidence.source import LossUse
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.operations import Family, family

FORWARD = ("forward", "call")
Span = tuple[str, int, int]


def coverage(files: Iterable[Path], evidence: Iterable[object]) -> Mapping[str, int]:
    """``forwards``: classes with a base and a forward method; ``reached``: those with an operation recorded in
    that method's lines; ``operations`` recorded, and ``known``: of a kind that has rules. ``losses`` that a
    value meets, and ``heads``: those whose value is known to come from an operation of such a kind.
    """
    evidence = list(evidence)
    networks = [e for e in evidence if isinstance(e, Network)]
    operations = {o.number: o for network in networks for o in network.operations}
    places = {(o.place.path, o.place.line) for o in operations.values()}
    spans = [span for path in files for span in forwards(path)]
    uses = [e for e in evidence if isinstance(e, LossUse)]
    return {
        "forwards": len(spans),
        "reached": sum(_has(places, span) for span in spans),
        "operations": len(operations),
        "known": sum(map(_is_known, operations.values())),
        "losses": len(uses),
        "heads": sum(_comes_from_a_network(use.prediction) for use in uses),
    }


def forwards(path: Path) -> Iterator[Span]:
    """The lines of each forward method of the classes at the top of a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or not any(map(_is_of_modules, node.bases)):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name in FORWARD and not _is_abstract(method):
                yield str(path), method.lineno, method.end_lineno or method.lineno


def _is_of_modules(base: ast.expr) -> bool:
    """A class of modules by its name: which base that is in the end takes the interpreter to tell."""
    return ast.unparse(base).rpartition(".")[2].endswith(("Module", "Layer", "Model", "Block", "Net", "Head"))


def _is_abstract(method: ast.FunctionDef) -> bool:
    """Nothing but a docstring, ``pass``, ``...`` or ``raise``."""
    trivial = (ast.Pass, ast.Raise, ast.Expr)
    return all(isinstance(statement, trivial) for statement in method.body)


def _has(places: set[tuple[str, int]], span: Span) -> bool:
    path, first, last = span
    return any((path, line) in places for line in range(first, last + 1))


def _is_known(operation: Operation) -> bool:
    return family(operation) is not Family.OTHER


def _comes_from_a_network(value: Tensor) -> bool:
    return any(o.layer is not None for o in value.ancestors())
