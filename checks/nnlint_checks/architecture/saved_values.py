"""What autograd keeps of an operation until backward, and which values share memory.

Which operations keep their input and which their result was found by running each of them with torch 2.13,
changing the one or the other in place, and calling backward (``derivatives.yaml`` of PyTorch says the same).
"""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family

KEEPS_RESULT = frozenset({"relu", "sigmoid", "tanh", "softmax", "softmin", "log_softmax", "exp", "sqrt"})
KEEPS_RESULT_IN_PLACE = KEEPS_RESULT | {"leaky_relu", "elu", "celu", "selu"}
KEEPS_INPUT = frozenset(
    {
        *("leaky_relu", "elu", "celu", "selu", "relu6", "gelu", "silu", "mish", "hardswish", "hardsigmoid"),
        *("hardtanh", "softplus", "softsign", "threshold", "prelu", "logsigmoid", "glu"),
        *("log", "log1p", "square", "power", "absolute", "clamp", "wave", "maximum", "minimum"),
        *("max_pool", "avg_pool", "normalize", "local_response_norm"),
    }
)
KEEPS_INPUT_FOR_WEIGHTS = frozenset(
    {
        *("linear", "bilinear", "conv", "conv_transpose", "rnn", "attention", "transformer"),
        *("batch_norm", "group_norm", "instance_norm", "layer_norm"),
    }
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


def differentiable(operation: Operation) -> bool:
    """A gradient is asked for: the value depends on a weight that is trained."""
    for ancestor in Tensor(operation).ancestors():
        if ancestor.kind == "detach":
            return False
        if ancestor.kind == "parameter" or (family(ancestor) is Family.WEIGHTED and _learns(ancestor)):
            return True
    return False


def _learns(operation: Operation) -> bool:
    return operation.layer is not None and any(p.trainable is True for p in operation.layer.parameters)


def keeps_result(operation: Operation) -> bool:
    """Its gradient is computed from its result."""
    kinds = KEEPS_RESULT_IN_PLACE if writes(operation) else KEEPS_RESULT
    return operation.kind in kinds and differentiable(operation)


def kept(reader: Operation) -> Iterator[Tensor]:
    """The inputs that the gradient of ``reader`` is computed from."""
    if writes(reader) or not reader.inputs:
        return  # what an operation in place needs of its input it copies first
    for_weights = reader.kind in KEEPS_INPUT_FOR_WEIGHTS and _learns(reader)
    if for_weights or (reader.kind in KEEPS_INPUT and differentiable(reader)):
        yield reader.inputs[0]
    elif reader.kind in KEEPS_OTHER and len(reader.inputs) == 2:
        for one, other in (reader.inputs, reader.inputs[::-1]):
            if differentiable(other.operation):
                yield one
