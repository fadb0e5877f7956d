"""Who fills a parameter that was made from ``torch.empty``: methods that mention it, called or not.

An attribute's name is looked for in the file of its class. This finds no defect; it says where a parameter
may be filled that was not seen to be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import looks
from nnlint.evidence.place import Place
from nnlint.network.graph import Filler
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.values import Class, Instance
from nnlint.readers.source.libraries.modules import weights

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

BULK = frozenset({"parameters", "named_parameters", "modules", "named_modules", "children", "getattr"})
READS = frozenset({"forward", "extra_repr", "__repr__", "__call__", "__len__"})
FILLS = pattern(
    r"init|^(zeros|ones|constant|uniform|normal|trunc_normal|xavier_\w+|kaiming_\w+|orthogonal|eye|dirac|sparse"
    r"|fill|copy|zero|random|exponential|bernoulli|lecun\w*)_$"
)
COPIES = frozenset({"clone", "deepcopy", "size", "dim", "numel"})
NEIGHBOURS, LARGEST = 60, 400_000  # files beside that are looked through, and their size in bytes

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def fillers(i: Interpreter, module: Instance) -> dict[str, tuple[Filler, ...]]:
    """For each uninitialised parameter of a module: the functions that may fill it."""
    empty = [n for n, w in weights(module) if w.initialization.kind == "uninitialized"]
    return {name: tuple(_fillers(i, module.cls, name)) for name in empty}


def _fillers(i: Interpreter, cls: Class, name: str) -> Iterator[Filler]:
    for owner in cls.mro:
        text = owner.scope.module.text if owner.scope is not None else None
        if owner.node is None or text is None:
            continue
        own = {id(n) for n in everything(owner.node) if isinstance(n, Definition)}
        for function in everything(text.tree):
            if isinstance(function, Definition) and function.name not in READS and _may_fill(function, name):
                yield _filler(i, function, text, id(function) in own)
        for path in _beside(text, owner.name, name):
            yield Filler("", Place(path), False, False)


def _beside(text: Text, owner: str, name: str) -> Iterator[str]:
    """Files of the same folder that speak of the class or its file, and of an attribute of this name."""
    here = Path(text.path)
    attribute = re.compile(rb"\.%s\b" % re.escape(name).encode())
    ours = re.compile(rb"\b(%s|%s)\b" % (re.escape(owner).encode(), re.escape(here.stem).encode()))
    sources = [name for name in looks.names(here.parent) if name.endswith(".py")]
    for path in (here.parent / name for name in sources[:NEIGHBOURS]):
        if path.name != here.name and looks.is_file(path):
            content = _content(path)
            if len(content) < LARGEST and attribute.search(content) and ours.search(content):
                yield str(path)


def _content(path: Path) -> bytes:
    try:
        return looks.read(path)
    except OSError:
        return b""


def _filler(i: Interpreter, function: Definition, text: Text, own: bool) -> Filler:
    return Filler(function.name, text.place(function), own, id(function) in i.reached)


def _may_fill(function: Definition, name: str) -> bool:
    """It mentions the attribute in a call, sets a part of it, or fills whatever parameters there are."""
    nodes = everything(function)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if any(_mentions(call, name) for call in calls):
        return True
    if any(_sets(node, name) for node in nodes if isinstance(node, ast.Assign | ast.AugAssign)):
        return True
    return any(FILLS.search(_last(c.func)) for c in calls) and any(_last(c.func) in BULK for c in calls)


def _mentions(node: ast.Call, name: str) -> bool:
    if _last(node.func) in ("register_parameter", "hasattr", "Parameter", "detach"):
        return False
    return any(isinstance(n, ast.Attribute) and n.attr == name for n in _given(node))


def _given(node: ast.AST) -> Iterator[ast.AST]:
    """What a call is given as it is: no copies, and nothing of which only a size is asked."""
    asked = isinstance(node, ast.Attribute) and node.attr in ("shape", "device", "dtype", "ndim")
    if asked or (isinstance(node, ast.Call) and _last(node.func) in COPIES):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _given(child)


def _sets(node: ast.Assign | ast.AugAssign, name: str) -> bool:
    """``self.weight[0] = 1``, ``self.weight.data = ...``; the definition itself does not count."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(
        isinstance(n, ast.Attribute) and n.attr == name and n is not target
        for target in targets
        for n in below(target)
    )


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
