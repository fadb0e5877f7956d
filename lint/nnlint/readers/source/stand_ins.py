"""The model that a function is written for, where nothing in the file calls the function.

``def train(model, loader)`` beside the one network of the file is meant for that network; so is a parameter
that is called as a class of the file is (``generator`` beside ``class Generator``), and a name that a snippet
calls and binds nowhere. What the caller has done to the model is not known: neither its mode nor its weights.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Class,
    Function,
    Instance,
    ModuleValue,
    Value,
)
from nnlint.readers.source.libraries.modules import forget, weights
from nnlint.readers.source.libraries.modules import walk as parts

USUAL = frozenset({"model", "net", "network"})
"""What functions call the model that they are given."""

OTHER = pattern(r"loss|criterion|metric|dataset", re.IGNORECASE)
"""Modules of which no network is made."""


def stand_ins(i: Interpreter, function: Function, module: ModuleValue, text: Text) -> Arguments:
    """The models that a function gets, by the names of its parameters."""
    wanted = list(_called(function.node))
    classes = list(_networks(module, text)) if wanted else []
    found: dict[str, Instance] = {}
    for name in wanted:
        cls = _meant(name, classes)
        model = _build(i, cls) if cls is not None else None
        if model is not None:
            found[name] = model
    return Arguments([], dict(found))


def _meant(name: str, classes: list[Class]) -> Class | None:
    """The class of which an object is called by that name."""
    same = [cls for cls in classes if cls.name.lower() == name.replace("_", "").lower()]
    if name in USUAL and len(classes) == 1:
        same = classes
    return same[0] if len(same) == 1 else None


def model_of_name(i: Interpreter, module: ModuleValue, name: str) -> Value:
    """The model that a snippet calls by a name which it binds nowhere; UNKNOWN for anything else."""
    text = module.text
    if text is None or not i.heap.tracking:
        return UNKNOWN
    cls = _meant(name, list(_networks(module, text)))
    model = _build(i, cls) if cls is not None else None
    if model is None:
        return UNKNOWN
    i.guessed = True
    i.heap.write(module.state, name, model)
    return model


def _called(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    """The parameters without a default that the body calls."""
    arguments = node.args
    plain = arguments.args[: len(arguments.args) - len(arguments.defaults)]
    called = {n.func.id for n in everything(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    yield from (a.arg for a in plain if a.arg in called)


def _networks(module: ModuleValue, text: Text) -> Iterator[Class]:
    """Network classes of the file that no other class of it is built of."""
    nodes = [n for n in text.tree.body if isinstance(n, ast.ClassDef)]
    within = {
        n.id: node
        for node in nodes
        for n in everything(node)
        if isinstance(n, ast.Name) and n.id != node.name
    }
    for node in nodes:
        cls = module.state.get(node.name)
        known = isinstance(cls, Class) and cls.is_a("torch.nn.Module")
        if known and node.name not in within and not OTHER.search(node.name):
            assert isinstance(cls, Class)
            yield cls


def _build(i: Interpreter, cls: Class) -> Instance | None:
    """A network of the class, in the state that a stranger may have left it in."""
    with i.reached.undone():
        model = i.construct(cls, Arguments([]), cls.node)  # type: ignore[arg-type]
    if not isinstance(model, Instance) or not any(True for _, part in parts(model) for _ in weights(part)):
        return None
    forget(i, model)
    return model
