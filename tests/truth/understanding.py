"""``PYTHONPATH=tests python -m truth.understanding FOLDER...``: the share of module classes whose graph is known.

A class of modules counts when some instance of it ran a forward in which no call was opaque, no operation
unknown, and which gave a tensor. The files are read as ``nnlint FOLDER`` reads them, with its bounds.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from nnlint.evidence.files import Unreadable
from nnlint.network.graph import Operation
from nnlint.readers.source.entries import read_program
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import Class, Instance, ModuleValue, Value
from nnlint.readers.source.libraries.modules import tensors_in
from truth.static import deep, new_interpreter, watched

Name = tuple[str, str]
"""Module and class."""


def understood(files: Iterable[Path]) -> Mapping[Name, bool | None]:
    """For each module class at the top of the files: whether its graph is known, None if it never ran."""
    interpreter, ran = new_interpreter(), dict[Name, bool]()

    def watch(
        i: Interpreter, module: Instance, result: Value, operations: tuple[Operation, ...], known: bool
    ) -> None:
        if module.cls.node is None or module.cls.scope is None:
            return
        name = (module.cls.scope.module.name, module.cls.name)
        complete = known and any(True for _ in tensors_in(result)) and not any(map(_is_unknown, operations))
        ran[name] = ran.get(name, False) or complete

    classes: list[Name] = []
    with deep(), watched(watch):
        for path in files:
            text = interpreter.project.text(path)
            if isinstance(text, Unreadable):
                continue
            names = [node.name for node in text.tree.body if isinstance(node, ast.ClassDef)]
            read_program(interpreter, path, text)
            module = interpreter.project.module(interpreter, path, interpreter.project.name_of(path))
            classes += _modules(module, names)
    return {name: ran.get(name) for name in classes}


def _is_unknown(operation: Operation) -> bool:
    """It, or what it is given from nowhere: the input of a model is an operation of another kind."""
    return operation.kind == "unknown" or any(
        t.operation.kind == "unknown" and not t.operation.inputs for t in operation.inputs
    )


def _modules(module: ModuleValue | None, names: Iterable[str]) -> Iterable[Name]:
    for name in names if module is not None else ():
        value = module.state.get(name) if module is not None else None
        if module is not None and isinstance(value, Class) and value.is_a("torch.nn.Module"):
            yield module.name, name


def main() -> int:
    for folder in map(Path, sys.argv[1:]):
        found = understood(sorted(folder.rglob("*.py")))
        known, never = sum(map(bool, found.values())), sum(v is None for v in found.values())
        share = known / max(1, len(found))
        print(f"{folder.name:24}{len(found):6} classes{known:6} understood ({share:.0%}){never:6} never ran")
    return 0


if __name__ == "__main__":
    sys.exit(main())
