"""Networks without modules: tensors that ask for gradients, multiplied with data by plain functions.

``w = torch.randn(784, 256, requires_grad=True)`` is a weight, and ``x @ w + b`` a layer, whether or not a
class holds them. What such a program trains becomes a network like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from nnlint.evidence.place import Place
from nnlint.network.graph import Layer, Network, Operation, Parameter, Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.libraries.torch.init import initialization_of

PRODUCTS = ("matmul", "linear", "conv")
MOST = 2_000
"""Operations behind a loss: of more, only a part may be a network."""


def functional_network(i: Interpreter, trace: Trace, text: Text) -> Network | None:
    """What the first gradient of an entry without modules trains; None where that is no network."""
    if trace.calls or not trace.gradients_of:
        return None
    output = _prediction(trace.gradients_of[0].value)
    behind = list(output.ancestors())
    if len(behind) > MOST or any(o.layer is not None for o in behind):
        return None
    rebuilt, made = _Rebuilt(), {w.tensor.operation.number: w for w in trace.free_weights}
    output = rebuilt.tensor(output)
    operations = tuple(sorted(rebuilt.operations.values(), key=lambda o: o.number))
    weights = [t for t in rebuilt.weights.values() if (t.shape.rank or 0) > 1]
    used = {t.operation.number for o in operations if o.kind in PRODUCTS for t in o.inputs}
    if not any(t.operation.number in used for t in weights):
        return None
    node = text.tree.body[0]
    parameters: list[Parameter] = []
    for number, tensor in rebuilt.weights.items():
        name, taken = _name(text, tensor.place), {p.name for p in parameters}
        name = next(n for n in _numbered(name) if n not in taken)
        weight = made.get(number)
        start = initialization_of(tensor, i, node) if weight is None else weight.initialization
        trained = True if weight is None else weight.state["trainable"]
        parameters.append(Parameter(name, tensor.shape, start, trained, tensor.place, number))
    place = parameters[0].place or text.place(node)
    layer = Layer("custom", "", "", place, {}, tuple(parameters))
    inputs = tuple(rebuilt.inputs.values())
    kind = "keras" if trace.notes.get("tape") or trace.notes.get("graph") else "torch"
    return Network(Path(text.path).stem, kind, place, text.path, (layer,), operations, inputs, (output,))


class _Rebuilt:
    """The operations behind a value, where leaves are parameters and inputs as those of modules are."""

    def __init__(self) -> None:
        self.operations: dict[int, Operation] = {}
        self.weights: dict[int, Tensor] = {}  # as the program made them
        self.inputs: dict[int, Tensor] = {}

    def tensor(self, value: Tensor) -> Tensor:
        """The value, made by operations that are rebuilt; without recursion, for long chains."""
        todo = [_updated(value)]
        while todo:
            operation = todo[-1].operation
            inputs = [_updated(t) for t in operation.inputs]
            missing = [t for t in inputs if t.operation.number not in self.operations]
            if missing and not _asks(operation):
                todo += missing
                continue
            todo.pop()
            self.operations.setdefault(operation.number, self._operation(operation))
        return self._of(value)

    def _of(self, value: Tensor) -> Tensor:
        value = _updated(value)
        made = replace(value, operation=self.operations[value.operation.number])
        if _asks(value.operation):
            self.weights.setdefault(value.operation.number, value)
        elif made.operation.kind == "input":
            self.inputs.setdefault(made.operation.number, made)
        return made

    def _operation(self, operation: Operation) -> Operation:
        if _asks(operation):
            return replace(operation, kind="parameter", inputs=())
        inputs = tuple(map(self._of, operation.inputs))
        data = operation.kind == "constant" and not operation.attributes.keys().isdisjoint(("law", "filled"))
        return replace(operation, kind="input" if data else operation.kind, inputs=inputs)


def _updated(value: Tensor) -> Tensor:
    """The weight that ``w -= rate * w.grad`` has written over: it is the same one in each round."""
    operation, seen = value.operation, set[int]()
    while operation.number not in seen:
        seen.add(operation.number)
        before = list(operation.inputs[:1]) if _writes_over(operation) else []
        if operation.kind == "choice":
            before = [t for t in operation.inputs if not _writes_over(t.operation)]
        if len(before) != 1:
            return value
        value, operation = before[0], before[0].operation
    return value


def _writes_over(operation: Operation) -> bool:
    return operation.attributes.get("inplace") is True and not operation.recorded


def _asks(operation: Operation) -> bool:
    asked = operation.attributes.get("requires_grad") is True and operation.kind in ("constant", "identity")
    return asked or operation.kind == "parameter"


def _prediction(value: Tensor) -> Tensor:
    """What the loss is computed from, where there is one that is known; else the value itself."""
    for operation in value.ancestors():
        if family(operation) is Family.LOSS and operation.inputs:
            return operation.inputs[0]
    return value


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _name(text: Text, place: Place) -> str:
    """The variable that is assigned in the line, "weight" where there is none."""
    for node in everything(text.tree):
        if isinstance(node, ast.Assign) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            match node.targets:
                case [ast.Name(name)]:
                    return name
    return "weight"
