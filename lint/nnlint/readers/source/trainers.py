"""Classes that train: a Trainer that others import, one whose base of a library calls the loss."""

from __future__ import annotations

import ast
from collections.abc import Callable

from nnlint.readers.source.files.nodes import below, last_name
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Class, Function, Instance
from nnlint.readers.source.libraries.modules import is_module, tensors_in


def trains(node: ast.ClassDef) -> bool:
    """A method of the class calls ``backward``, or compiles a model."""
    return any((isinstance(n, ast.Attribute) and n.attr in TRAINING) or _compiles(n) for n in below(node))


TRAINING = ("backward", "apply_gradients")


def _compiles(node: ast.AST) -> bool:
    """``model.compile(loss=..., optimizer=...)``."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "compile":
        return False
    return any(k.arg in ("loss", "optimizer") for k in node.keywords)


def run_trainer(i: Interpreter, cls: Class) -> Callable[[], None]:
    """Construct it with arguments of which nothing is known, and call the methods that others would call."""

    def run() -> None:
        assert cls.node is not None
        initializer = cls.find("__init__")
        needed = _required(initializer) - 1 if isinstance(initializer, Function) else 0
        trainer = i.construct(cls, Arguments([UNKNOWN] * max(needed, 0)), cls.node)
        methods = [n for n in cls.node.body if isinstance(n, ast.FunctionDef) and n.name != "__init__"]
        used = {n.attr for m in methods for n in below(m) if isinstance(n, ast.Attribute)}
        for node in sorted(methods, key=lambda m: m.name in used):
            method = cls.find(node.name)
            if isinstance(trainer, Instance) and isinstance(method, Function) and id(node) not in i.reached:
                given = [] if "staticmethod" in method.decorators else [trainer]
                missing = max(_required(method) - len(given), 0)
                i.call_from_outside(method, Arguments([*given, *[UNKNOWN] * missing]))

    return run


def run_hosted(i: Interpreter) -> None:
    """``compute_loss`` of a trainer whose base is not known, with the model that it was constructed with."""
    if not any(event.details.get("method") == "train" for event in i.trace.events):
        return
    for trainer, given in list(i.trace.hosted):
        method, model = trainer.cls.find("compute_loss"), next(filter(is_module, given.all()), UNKNOWN)
        if not isinstance(method, Function) or id(method.node) in i.reached:
            continue
        missing = max(_required(method) - 2, 0)
        result = i.call_from_outside(method, Arguments([trainer, model, *[UNKNOWN] * missing]))
        i.trace.notes["framework steps"] = True
        for tensor in tensors_in(result):
            i.trace.differentiate(tensor, tensor.place)


def _required(function: Function) -> int:
    """How many positional arguments have no default."""
    return len(function.node.args.args) - len(function.defaults)
