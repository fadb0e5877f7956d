"""What autograd keeps of an operation until backward, and which values share memory.

Which operations keep their input and which their result was found by running each of them with torch 2.13,
changing the one or the other in place, and calling backward (``derivatives.yaml`` of PyTorch says the same).
"""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.network.graph import Network, Operation, Tensor

KEEPS_RESULT = frozenset({"relu", "sigmoid", "tanh", "softmax", "softmin", "log_softmax", "exp", "sqrt"})
KEEPS_RESULT_IN_PLACE = KEEPS_RESULT | {"leaky_relu", "elu", "celu", "selu"}
KEEPS_INPUT = frozenset(
    {
        *("leaky_relu", "elu", "celu", "selu", "relu6", "gelu", "silu", "mish", "hardswish", "hardsigmoid"),
        *("hardtanh", "softplus", "softsign", "threshold", "prelu", "logsigmoid", "glu"),
        *("log", "log1p", "square", "power", "absolute", "clamp", "wave", "maximum", "minimum"),
        *("max_pool", "avg_pool", "normalize", "local_response_norm"),
        *("batch_norm", "group_norm", "instance_norm", "layer_norm"),
    }
)
KEEPS_INPUT_FOR_WEIGHTS = frozenset(
    {"linear", "bilinear", "conv", "conv_transpose", "rnn", "attention", "transformer"}
)
KEEPS_OTHER = frozenset({"multiply", "matmul", "divide"})
"""They keep an operand where the gradient of the other one is asked for."""


def writes(operation: Operation) -> bool:
    """It is written over its input."""
    return operation.attributes.get("inplace") is True and operation.kind != "identity"


def memory(operation: Operation) -> Operation:
    """The operation that made the memory which the result of ``operation`` lies in."""
    while operation.inputs and (writes(operation) or same_value(operation)):
        operation = operation.inputs[0].operation
    return operation


def same_value(operation: Operation) -> bool:
    """The very tensor under another name."""
    known = operation.attributes
    return operation.kind == "identity" and not known.get("copy") and not known.get("contiguous")


def version(tensor: Tensor) -> Operation:
    """The operation that wrote the tensor last, as its reader sees it."""
    operation = tensor.operation
    while operation.inputs and same_value(operation):
        operation = operation.inputs[0].operation
    return operation


class Autograd:
    """What the gradients of a network are computed from."""

    def __init__(self, network: Network) -> None:
        self._known: dict[int, bool] = {}
        self._keepers: dict[int, list[tuple[int, Operation]]] = {}
        for position, operation in enumerate(network.operations):
            for value in self._kept(operation):
                held = self._keepers.setdefault(id(memory(value.operation)), [])
                held.append((position, operation))

    def differentiable(self, operation: Operation) -> bool:
        """A gradient is asked for: the value depends on a weight that is trained."""
        found = self._known.get(id(operation))
        if found is None:
            learns = operation.kind == "parameter" or _learns(operation)
            found = operation.recorded and operation.kind != "detach"
            found = found and (learns or any(self.differentiable(t.operation) for t in operation.inputs))
            self._known[id(operation)] = found
        return found

    def keeps_result(self, operation: Operation) -> bool:
        """Its gradient is computed from its result."""
        kinds = KEEPS_RESULT_IN_PLACE if writes(operation) else KEEPS_RESULT
        return operation.kind in kinds and self.differentiable(operation)

    def keepers(self, operation: Operation, until: int) -> Iterator[Operation]:
        """Operations before position ``until`` whose gradient needs what lies in the memory of a value."""
        for position, keeper in self._keepers.get(id(memory(operation)), ()):
            if position < until:
                yield keeper

    def _kept(self, reader: Operation) -> Iterator[Tensor]:
        """The inputs that the gradient of ``reader`` is computed from."""
        if writes(reader) or not reader.inputs or not self.differentiable(reader):
            return  # what an operation in place needs of its input it copies first
        if (reader.kind in KEEPS_INPUT_FOR_WEIGHTS and _learns(reader)) or reader.kind in KEEPS_INPUT:
            yield reader.inputs[0]
        elif reader.kind in KEEPS_OTHER and len(reader.inputs) == 2:
            for one, other in (reader.inputs, reader.inputs[::-1]):
                if self.differentiable(other.operation):
                    yield one


def _learns(operation: Operation) -> bool:
    """It has weights of its own, and they are trained."""
    return operation.layer is not None and any(p.trainable is True for p in operation.layer.parameters)
