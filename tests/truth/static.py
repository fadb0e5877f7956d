"""Running the reader on a module of the program and looking at every submodule's forward on the way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.readers.source import RECURSION
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.project import Project
from nnlint.readers.source.language.frame import Frame, OutOfFuel
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    NOWHERE,
    Arguments,
    Call,
    Instance,
    ModuleValue,
    Native,
    Scope,
    Value,
)
from nnlint.readers.source.libraries.modules import all_weights, tensors_in, walk
from nnlint.readers.source.libraries.torch.modules import MODULE

Watcher = Callable[[Interpreter, Instance, Value, tuple[Operation, ...], bool], None]
"""Gets a module, what its forward gave, the operations in it, and whether all of its calls were known."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Inside, every call of a module is told to ``watcher`` after it returned."""
    called = MODULE.state["__call__"]

    def call_and_tell(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        trace, start, opaque = i.trace, len(i.trace.operations), i.trace.opaque
        result = called.code(call, arguments)
        if isinstance(module, Instance):
            watcher(i, module, result, tuple(trace.operations[start:]), trace.opaque == opaque)
        return result

    MODULE.state["__call__"] = Native(called.name, call_and_tell, called.kind)
    try:
        yield
    finally:
        MODULE.state["__call__"] = called


@contextmanager
def deep() -> Iterator[None]:
    """The reader's own recursion limit, and no garbage collection among long-lived nodes."""
    limit, collecting = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(limit, RECURSION))
    gc.disable()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if collecting:
            gc.enable()


@dataclass
class Reading:
    """What the reader says of a model: outputs of each module's first call, parameters, conflicts."""

    outputs: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)
    parameters: dict[str, Shape] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    failure: str = ""


def read_model(
    interpreter: Interpreter,
    path: Path,
    factory: str,
    inputs: tuple[tuple[int, ...], ...],
    keywords: Mapping[str, Value],
    fuel: int,
) -> Reading:
    """Interpret ``factory(**keywords)`` of the file and the model's forward in evaluation mode on such inputs."""
    i, reading = interpreter, Reading()
    text = i.project.text(path)
    module = i.project.module(i, path, i.project.name_of(path))
    function = module.state.get(factory) if isinstance(module, ModuleValue) else None
    if module is None or function is None:
        reading.failure = "no such factory"
        return reading
    i.trace, i.fuel = Trace(), fuel
    outputs: dict[int, Value] = {}
    scope = Scope(module.state, module, kind="module")
    with i.heap.recording() as mark, i.entered(Frame(None, scope, text)):  # type: ignore[arg-type]
        try:
            with watched(lambda i, part, result, *rest: outputs.setdefault(id(part), result) and None):
                model = i.call(function, Arguments([], dict(keywords)), NOWHERE)
                if not isinstance(model, Instance):
                    reading.failure = f"the factory gives something of type {type(model).__name__}"
                    return reading
                i.call_method(model, "eval", Arguments([]), NOWHERE)
                given = [_input(i, sizes) for sizes in inputs]
                i.call(model, Arguments(given), NOWHERE)
        except (OutOfFuel, RecursionError) as error:
            reading.failure = type(error).__name__
        else:
            reading.failure = ""
        if "model" in locals() and isinstance(model, Instance):
            for name, part in walk(model):
                if id(part) in outputs:
                    reading.outputs[name] = tuple(tensors_in(outputs[id(part)]))
            reading.parameters = {name: weight.tensor.shape for name, weight in all_weights(model)}
        reading.conflicts = [
            f"{Path(o.place.path).name}:{o.place.line}: {o.conflict}"
            for o in i.trace.operations
            if o.conflict
        ]
        i.heap.undo(mark)
    del i.frames[:]
    return reading


def _input(i: Interpreter, sizes: tuple[int, ...]) -> Tensor:
    shape = Shape(sizes)
    return Tensor(Operation("input", (), {"shape": shape}, i.place(NOWHERE)), shape)


def exact(shape: Shape) -> bool:
    return not shape.open and all(isinstance(s, int) for s in shape.sizes)


def agrees(shape: Shape, actual: tuple[int, ...]) -> bool:
    """Known sizes are the actual ones."""
    if len(shape.sizes) > len(actual) or (not shape.open and len(shape.sizes) != len(actual)):
        return False
    tail = actual[len(actual) - len(shape.sizes) :]
    return all(not isinstance(s, int) or s == a for s, a in zip(shape.sizes, tail, strict=True))


def new_interpreter() -> Interpreter:
    return Interpreter(Project())
