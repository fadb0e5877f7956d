"""The signal of a network at initialisation: moments forward from inputs of variance 1, gradients backward.

``RULES`` says for each kind of operation how moments go through it, beside ``operations.RULES``. Unknown
where anything that is needed is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from nnlint.dataclass import dataclass
from nnlint.network import moments_attention as attention
from nnlint.network import moments_mixing as mixing
from nnlint.network import moments_norms as norms
from nnlint.network import moments_weighted as layers
from nnlint.network.graph import Network, Operation, Parameter
from nnlint.network.moments import LARGEST, UNIT, Moments, Step, bounded, constant
from nnlint.network.moments_gaussian import ACTIVATIONS
from nnlint.network.moments_initial import drawn
from nnlint.network.shape import UNKNOWN, Shape

Forward = Callable[[Step], Moments | None]
Backward = Callable[[Step, int], float | None]
Rule = tuple[Forward, Backward]

_MOVES = (
    *("identity", "cast", "flatten", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "expand"),
    *("rearrange", "index", "split", "roll", "flip", "interpolate", "pixel_shuffle", "pixel_unshuffle"),
)
_WEIGHTED: Rule = (layers.weighted, layers.weighted_back)


def _unknown(step: Step, index: int) -> float | None:
    return None


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(ACTIVATIONS, (mixing.activation, mixing.activation_back)),
    "exp": (mixing.exponential, mixing.exponential_back),
    **dict.fromkeys(_MOVES, (mixing.kept, mixing.passed)),
    **dict.fromkeys(("linear", "conv", "conv_transpose"), _WEIGHTED),
    "detach": (mixing.kept, mixing.stopped),
    "embedding": (layers.embedding, mixing.stopped),
    "rnn": (layers.recurrent, _unknown),
    "rnn_state": (layers.recurrent, _unknown),
    "rnn_cell": (layers.recurrent, _unknown),
    "attention": (attention.attention, attention.attention_back),
    "transformer": (lambda step: UNIT, _unknown),  # it ends in a norm, or its residual sum is near one
    "softmax": (attention.softmax, attention.softmax_back),
    "matmul": (attention.matmul, attention.matmul_back),
    "scaled_dot_product": (attention.scaled_dot_product, attention.scaled_dot_product_back),
    "glu": (mixing.glu, mixing.glu_back),
    **dict.fromkeys(
        ("batch_norm", "instance_norm", "layer_norm", "group_norm"), (norms.norm, norms.norm_back)
    ),
    "local_response_norm": (mixing.kept, mixing.passed),  # divides by about 1 where values are small
    "normalize": (norms.normalized, norms.normalized_back),
    "dropout": (norms.dropout, norms.dropout_back),
    **dict.fromkeys(
        ("max_pool", "avg_pool", "adaptive_pool", "global_pool", "mean", "max"),
        (norms.pooled, norms.pooled_back),
    ),
    "sum": (norms.summed, norms.summed_back),
    "pad": (mixing.padded, mixing.padded_back),
    "add": (mixing.add, mixing.sum_back),
    "subtract": (mixing.subtract, mixing.sum_back),
    "multiply": (mixing.multiply, mixing.multiply_back),
    "divide": (mixing.quotient, mixing.quotient_back),
    "power": (mixing.power, mixing.power_back),
    "where": (mixing.where, mixing.where_back),
    "concat": (mixing.concat, mixing.concat_back),
    "stack": (mixing.concat, mixing.concat_back),
    "choice": (mixing.choice, mixing.passed),
}
"""Kind -> (moments of the result, factor for the gradients of one input). Other kinds are unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What is known of a network at initialisation, by the number of the operation that gives a value.

    ``forward``: its moments. ``backward``: the sum of squares of the gradients of a value, relative to that
    of what the last weighted layers (``heads``) read.
    ``way``: the longest way by weighted layers, from an input up to a head, the head not included.
    """

    forward: Mapping[int, Moments]
    backward: Mapping[int, float]
    heads: tuple[Operation, ...]
    way: tuple[Operation, ...]

    @property
    def hidden(self) -> tuple[Operation, ...]:
        """The weighted layers on the way, in order."""
        return tuple(o for o in self.way if weighs(o))

    def entering(self, operation: Operation) -> Moments | None:
        """Moments of what an operation reads first."""
        return self.forward.get(operation.inputs[0].operation.number) if operation.inputs else None

    def forward_gain(self, start: Operation, end: Operation) -> float | None:
        """Standard deviation, over inputs, of what ``end`` gives over that of what ``start`` reads."""
        before, after = self.entering(start), self.forward.get(end.number)
        if before is None or after is None or before.spread <= 0:
            return None
        return math.sqrt(after.spread / before.spread)

    def backward_gain(self, start: Operation, end: Operation) -> float | None:
        """Norm of the gradient of what ``start`` gives over that of what ``end`` gives."""
        first, last = self.backward.get(start.number), self.backward.get(end.number)
        return None if first is None or last is None or last <= 0 else math.sqrt(first / last)


WEIGHING = frozenset(
    {"linear", "conv", "conv_transpose", "bilinear", "gemm", "attention", "rnn", "rnn_state"}
)


def weighs(operation: Operation) -> bool:
    """It mixes values by weights: a linear layer or convolution, or a product with a parameter."""
    if operation.kind in WEIGHING:
        return True
    return operation.kind == "matmul" and any(t.operation.kind == "parameter" for t in operation.inputs)


@lru_cache(maxsize=16)
def signal(network: Network) -> Signal:
    """Compute it. Networks are kept by identity, so that all checks share the work."""
    order = _ancestors([t.operation for t in network.outputs])
    shapes = _shapes(network, order)
    parameters = {
        p.source: p
        for layer in network.layers
        for p in layer.parameters
        if layer.kind == "custom" and p.source is not None
    }
    given = {t.operation.number for t in network.inputs}
    steps: dict[int, Step] = {}
    forward: dict[int, Moments] = {}
    for operation in order:
        step = Step(operation, _given(operation, forward), shapes.get(operation.number, UNKNOWN), parameters)
        steps[operation.number] = step
        inside = operation.inputs and operation.number not in given
        made = _made(step) if inside else _source(operation, given, parameters)
        if made is not None:
            forward[operation.number] = made
    heads = _heads(network)
    return Signal(forward, _backward(order, heads, steps), heads, _longest(order, heads))


def _shapes(network: Network, order: Iterable[Operation]) -> Mapping[int, Shape]:
    tensors = [*network.outputs, *(t for o in order for t in o.inputs)]
    return {t.operation.number: t.shape for t in tensors}


def _source(operation: Operation, given: set[int], parameters: Mapping[int, Parameter]) -> Moments | None:
    """Inputs have mean 0 and variance 1; constants are what they are; parameters follow their law."""
    if operation.number in given or operation.kind == "input":
        return UNIT
    if operation.kind == "parameter" and operation.number in parameters:
        law = drawn(parameters[operation.number])
        return None if law is None else Moments(law.mean, 0.0, law.square)
    return None


def _given(operation: Operation, forward: Mapping[int, Moments]) -> list[Moments | None]:
    """Moments of the inputs; a constant that is one number is known by its range."""
    found: list[Moments | None] = []
    for tensor in operation.inputs:
        known = forward.get(tensor.operation.number)
        number = tensor.range if known is None and tensor.operation.kind == "constant" else None
        found.append(constant(number.low) if number and number.low == number.high else known)
    return found


def _made(step: Step) -> Moments | None:
    rule = _rule(step.operation)
    made = rule[0](step) if rule else None
    return bounded(made) if made is not None else None


def _rule(operation: Operation) -> Rule | None:
    if operation.kind == "matmul" and weighs(operation):
        return _WEIGHTED if operation.inputs[1].operation.kind == "parameter" else None
    return RULES.get(operation.kind)


def _ancestors(ends: Iterable[Operation]) -> list[Operation]:
    """Everything that ends depend on, givers before readers: numbers are given in that order."""
    found: dict[int, Operation] = {}
    todo = list(ends)
    while todo:
        operation = todo.pop()
        if operation.number not in found:
            found[operation.number] = operation
            todo.extend(t.operation for t in operation.inputs)
    return [found[number] for number in sorted(found)]


def _heads(network: Network) -> tuple[Operation, ...]:
    """The last weighted layer before each output, but those that another one builds on."""
    found: dict[int, Operation] = {}
    seen: set[int] = set()
    todo = [t.operation for t in network.outputs]
    while todo:
        operation = todo.pop()
        if operation.number in seen:
            continue
        seen.add(operation.number)
        if weighs(operation):
            found[operation.number] = operation
        else:
            todo.extend(t.operation for t in operation.inputs)
    below = {o.number for head in found.values() for o in _ancestors(t.operation for t in head.inputs)}
    return tuple(found[n] for n in sorted(found) if n not in below)


def _backward(
    order: list[Operation], heads: tuple[Operation, ...], steps: Mapping[int, Step]
) -> Mapping[int, float]:
    """From gradients of norm 1 at what the heads read; NaN marks what is not known until the end."""
    total: dict[int, float] = {}
    for head in heads:
        for tensor in head.inputs[:1]:
            total[tensor.operation.number] = 1.0
    for operation in reversed(order):
        gradient = total.get(operation.number)
        if gradient is None:
            continue
        for index, tensor in enumerate(operation.inputs):
            factor = _factor(steps[operation.number], index)
            number = tensor.operation.number
            total[number] = total.get(number, 0.0) + (0.0 if factor == 0 else gradient * factor)
    return {number: min(value, LARGEST) for number, value in total.items() if not math.isnan(value)}


def _factor(step: Step, index: int) -> float:
    rule = _rule(step.operation)
    factor = rule[1](step, index) if rule else None
    return math.nan if factor is None else factor


def _longest(order: list[Operation], heads: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """The operations of the way with most weighted layers that ends at what a head reads."""
    depth: dict[int, int] = {}
    before: dict[int, Operation] = {}
    for operation in order:
        deepest = max((t.operation for t in operation.inputs), key=lambda o: depth[o.number], default=None)
        if deepest is not None:
            before[operation.number] = deepest
        depth[operation.number] = (depth[deepest.number] if deepest else 0) + weighs(operation)
    reads = [h.inputs[0].operation for h in heads if h.inputs]
    if not reads:
        return ()
    return tuple(_back(max(reads, key=lambda o: depth[o.number]), before))[::-1]


def _back(operation: Operation, before: Mapping[int, Operation]) -> Iterator[Operation]:
    yield operation
    while operation.number in before:
        operation = before[operation.number]
        yield operation
