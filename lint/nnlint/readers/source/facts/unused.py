"""Layers that a class builds and keeps, and that nobody mentions again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.usage import UnusedLayer
from nnlint.pattern import pattern
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import below, everything, kept, last_name
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.values import Class, Function, Instance
from nnlint.readers.source.libraries.modules import all_weights, is_module

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

RUNS = ("forward", "call", "training_step")
"""Methods that say what a model computes; a class without one leaves that to others."""

WALKS = frozenset(
    {"children", "named_children", "_modules", "__dict__", "get_submodule", "vars", "state_dict", "getattr"}
)
"""What may read an attribute without its name."""


def unused_layers(i: Interpreter, trace: Trace) -> Iterator[UnusedLayer]:
    """Of each class of the program whose sources are all known, by one of its objects."""
    seen: set[int] = set()
    for model in trace.models:
        cls = model.cls
        if cls.node is None or id(cls.node) in seen or cls.opaque or not _runs(cls) or _is_layer(cls):
            continue
        seen.add(id(cls.node))
        text = _text(cls)
        if text is not None and not _reads_anything(cls):
            yield from _unused(i, model, cls, text)


def _unused(i: Interpreter, model: Instance, cls: Class, text: Text) -> Iterator[UnusedLayer]:
    assert cls.node is not None
    shared = i.project.mentions.elsewhere(cls.name)
    for name, node in _assigned(cls.node):
        value = model.state.get(name)
        if (
            not isinstance(value, Instance)
            or not is_module(value)
            or not _matters(value)
            or _read(name, cls, text)
        ):
            continue
        if _on_purpose(text, node):
            continue
        if shared and i.project.mentions.elsewhere(name):
            continue
        weights = len(list(all_weights(value)))
        place = text.place(node)
        yield UnusedLayer(cls.name, name, value.cls.name, weights, place, place.path)


def _on_purpose(text: Text, node: ast.AST) -> bool:
    """The comment at the assignment says so."""
    lines = text.lines
    first = getattr(node, "lineno", 1) - 1
    said = [lines[first].partition("#")[2]]
    for line in reversed(lines[:first]):
        if not line.lstrip().startswith("#"):
            break
        said.append(line)
    return ON_PURPOSE.search("\n".join(said)) is not None


ON_PURPOSE = pattern(
    r"never|unused|not used|not needed|checkpoint|compat|legacy|placeholder|noqa|todo|deprecat", re.IGNORECASE
)
"""Words by which comments say that a layer is there without being called."""


def _matters(layer: Instance) -> bool:
    """It has weights, or drops something."""
    if any(True for _ in all_weights(layer)):
        return True
    rate = layer.state.get("p")
    return "Dropout" in layer.cls.name and isinstance(rate, int | float) and rate > 0


def _is_layer(cls: Class) -> bool:
    """It is made of a layer of a library, whose own methods may read what it keeps."""
    return isinstance(cls.find("_kind"), str)


def _runs(cls: Class) -> bool:
    """What it computes is written down, and is more than a refusal."""
    found = [m for name in RUNS if isinstance(m := cls.find(name), Function)]
    return any(not _refuses(m.node) for m in found)


def _refuses(node: ast.AST) -> bool:
    body = getattr(node, "body", [])
    return isinstance(body, list) and all(
        isinstance(s, ast.Raise | ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in body
    )


def _text(cls: Class) -> Text | None:
    return cls.scope.module.text if cls.scope is not None else None


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    """``self.name = ...`` in ``__init__``, but for what is handed in: its maker may use it elsewhere."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for part in everything(method):
                if not isinstance(part, ast.Assign) or isinstance(part.value, ast.Name):
                    continue
                for target in part.targets:
                    if isinstance(target, ast.Attribute) and _is_self(target.value):
                        yield target.attr, part


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _reads_anything(cls: Class) -> bool:
    """Some class of its order walks over attributes, or looks them up by names that it computes."""
    return any(
        isinstance(n, ast.Attribute | ast.Name)
        and (n.attr if isinstance(n, ast.Attribute) else n.id) in WALKS
        for known in cls.mro
        if known.node is not None
        for n in everything(known.node)
    )


def _read(name: str, cls: Class, text: Text) -> bool:
    """The file, or a class that it is made of, reads the attribute, or spells its name."""
    related = {known.name for known in cls.mro if known.node is not None}
    texts = {id(t): t for c in cls.mro if (t := _text(c)) is not None} | {id(text): text}
    for source in texts.values():
        reads = kept(source.tree, "_reads", _reads)
        related |= reads.below(related)
        if name in reads.others or any(name in own for c, own in reads.own.items() if c in related):
            return True
    return False


@dataclass(frozen=True)
class Reads:
    """Names that a file reads: of ``self`` by class, and of all else or in strings. ``bases`` by class."""

    own: Mapping[str, set[str]]
    others: set[str]
    bases: Mapping[str, set[str]]

    def below(self, names: set[str]) -> set[str]:
        """Classes that derive from one of these."""
        found = set(names)
        for _ in self.bases:
            found |= {name for name, bases in self.bases.items() if bases & found}
        return found


def _reads(tree: ast.AST) -> Reads:
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    inside: set[int] = set()
    for cls in (n for n in everything(tree) if isinstance(n, ast.ClassDef)):
        bases.setdefault(cls.name, set()).update(last_name(base) for base in cls.bases)
        filling = _filling(cls)
        for node in everything(cls):
            if isinstance(node, ast.Attribute) and _is_self(node.value):
                inside.add(id(node))
                if not isinstance(node.ctx, ast.Store) and id(node) not in filling:
                    own.setdefault(cls.name, set()).add(node.attr)
    others = {n.attr for n in everything(tree) if isinstance(n, ast.Attribute) and id(n) not in inside}
    strings = (n.value for n in everything(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    words = {word for text in strings if len(text) < SHORT for word in WORD.findall(text)}
    return Reads(own, others | words, bases)


WORD = pattern(r"[A-Za-z_]\w*")
SHORT = 80  # longer strings are documentation


def _filling(cls: ast.ClassDef) -> set[int]:
    """Nodes below calls that only give weights their first values: they are no use of a layer."""
    found: set[int] = set()
    for node in everything(cls):
        if isinstance(node, ast.Call) and FILLS.search(ast.unparse(node.func)):
            found.update(id(part) for part in below(node))
    return found


FILLS = pattern(r"(^|[._])init\.|_init$|init_weights|\.(weight|bias)(\.data)?\.\w+_$")
