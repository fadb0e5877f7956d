"""Moments through layers with weights: y = Σ w·x + b over the fan-in, weights independent of values.

Forward (He et al. 2015, eq. 9, with a mean of the weights):
E[y²] = n·E[w²]·E[x²] + n(n−1)·E[w]²·E[x]² + E[b²].
Backward the sum of squares of all gradients of a value goes through: it is multiplied by n·E[w²] with the
same n, whatever strides and widths are, so that no shape beyond the weight's own is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.network.graph import Operation, Parameter
from nnlint.network.moments import Draw, Moments, Step
from nnlint.network.moments_gaussian import activated
from nnlint.network.moments_initial import drawn, fans
from nnlint.network.size import Size, product

WEIGHTS = ("weight", "kernel")
PRODUCTS = frozenset({"linear", "conv", "conv_transpose", "matmul"})
Known = tuple[Draw, float]


def default_of(weight: Parameter) -> Draw | None:
    """torch's ``reset_parameters`` of linear and convolution layers: U(±1/√fan_in), weights and biases."""
    found = fans(weight)
    return Draw(0.0, 1 / (3 * found[0])) if found else None


def factors(step: Step) -> Iterator[Known | None]:
    """The law and the number of terms of each product with weights: two for separable convolutions."""
    operation = step.operation
    layer = operation.layer
    if layer is None or layer.kind != operation.kind:
        yield _bare(step)
        return
    found = {p.name: p for p in layer.parameters}
    if "depthwise_kernel" in found:
        yield _known(operation, found["depthwise_kernel"], _depthwise_terms(found["depthwise_kernel"]))
        if "pointwise_kernel" in found:
            pointwise = found["pointwise_kernel"]
            yield _known(operation, pointwise, product(pointwise.shape.sizes[:-1]))
        return
    weight = next((found[name] for name in WEIGHTS if name in found), None)
    yield None if weight is None else _known(operation, weight, _terms(operation, weight))


def _known(operation: Operation, weight: Parameter, terms: Size) -> Known | None:
    law = drawn(weight, default_of(weight))
    if law is None or not isinstance(terms, int) or weight.shape.open:
        return None
    return law, terms * _inside(operation) / _stretched(operation)


def _bare(step: Step) -> Known | None:
    """A product with a parameter that is no layer's: ``x @ self.w``, ``F.linear(x, self.w)``."""
    inputs = step.operation.inputs
    weight = step.parameter(inputs[1]) if len(inputs) > 1 else None
    if weight is None or step.operation.kind not in PRODUCTS:
        return None
    terms = weight.shape.axis(-2) if step.operation.kind == "matmul" else product(weight.shape.sizes[1:])
    law = drawn(weight)
    return (law, float(terms)) if law is not None and isinstance(terms, int) else None


def _terms(operation: Operation, weight: Parameter) -> Size:
    sizes, features = weight.shape.sizes, operation.attributes.get("in_features")
    if operation.kind == "linear" and isinstance(features, int):
        return features
    if operation.kind == "conv_transpose":
        if weight.name == "kernel":
            return product((*sizes[:-2], sizes[-1]))
        groups, into = operation.attributes.get("groups", 1), sizes[0] if sizes else None
        known = isinstance(groups, int) and isinstance(into, int) and groups > 0
        return product((into // groups, *sizes[2:])) if known else None
    return product(sizes[:-1] if weight.name == "kernel" else sizes[1:])


def _depthwise_terms(kernel: Parameter) -> Size:
    return product(kernel.shape.sizes[:-2])


def _stretched(operation: Operation) -> float:
    """A transposed convolution with stride s sums over 1/s of its kernel at each place."""
    if operation.kind != "conv_transpose":
        return 1.0
    return float(math.prod(_each(operation.attributes.get("stride"), operation) or (1,)))


def _each(value: object, operation: Operation) -> tuple[int, ...] | None:
    """A number for every axis of a convolution."""
    dims = operation.attributes.get("dims")
    if isinstance(value, int) and isinstance(dims, int):
        return (value,) * dims
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return value
    return None


def _inside(operation: Operation) -> float:
    """The share of products that do not meet the zeros of the padding: it matters on small maps."""
    if operation.kind != "conv" or not operation.inputs:
        return 1.0
    attributes = operation.attributes
    kernel, stride, dilation = (_each(attributes.get(n), operation) for n in ("kernel", "stride", "dilation"))
    if kernel is None or stride is None or dilation is None:
        return 1.0
    dims, sizes = len(kernel), operation.inputs[0].shape.sizes
    last = attributes.get("layout") == "channels_last"
    sides = sizes[-dims - 1 : -1] if last else sizes[-dims:]
    same = attributes.get("padding") == "same"
    padding = (0,) * dims if same else _each(attributes.get("padding"), operation)
    if padding is None or len(sides) != dims or not len(stride) == len(dilation) == len(padding) == dims:
        return 1.0
    share = 1.0
    for side, k, s, d, p in zip(sides, kernel, stride, dilation, padding, strict=True):
        share *= _share(side, k, s, d, ((k - 1) * d) // 2 if same else p) if isinstance(side, int) else 1.0
    return share


MOST_PLACES = 64
"""Above so many places of a kernel on an axis, those at the border do not matter."""


def _share(side: int, kernel: int, stride: int, dilation: int, padding: int) -> float:
    places = (side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if not padding or not 0 < places <= MOST_PLACES or kernel > MOST_PLACES:
        return 1.0
    met = sum(0 <= o * stride - padding + t * dilation < side for o in range(places) for t in range(kernel))
    return max(met, 1) / (places * kernel)


def _bias(step: Step) -> Draw | None:
    """The law of what is added; zero where there is none."""
    operation, layer = step.operation, step.operation.layer
    if layer is None or layer.kind != operation.kind:
        third = operation.inputs[2] if len(operation.inputs) > 2 else None
        bias = step.parameter(third) if third is not None else None
        return Draw(0.0, 0.0) if third is None else drawn(bias) if bias is not None else None
    found = {p.name: p for p in layer.parameters}
    if "bias" not in found:
        return Draw(0.0, 0.0)
    return drawn(found["bias"], default_of(found["weight"]) if "weight" in found else None)


def weighted(step: Step) -> Moments | None:
    """Linear layers, convolutions and products with parameters."""
    x, bias = step.first, _bias(step)
    if x is None or bias is None:
        return None
    for known in factors(step):
        if known is None:
            return None
        x = _multiplied(x, *known)
    mean = x.mean + bias.mean
    crossed = 2 * x.mean * bias.mean + bias.square
    return Moments(mean, x.spread, x.shared + crossed)


def _multiplied(x: Moments, law: Draw, terms: float) -> Moments:
    common = terms * max(terms - 1, 0.0) * law.mean**2 * x.mean**2
    return Moments(
        terms * law.mean * x.mean,
        terms * law.square * x.spread,
        terms * law.square * x.shared + common,
    )


def weighted_back(step: Step, index: int) -> float | None:
    """n·E[w²] for the value, nothing for weights."""
    if index:
        return 0.0
    total = 1.0
    for known in factors(step):
        if known is None:
            return None
        total *= known[0].square * known[1]
    return total


def embedding(step: Step) -> Moments | None:
    """Rows that are picked at random: different inputs have the mean in common."""
    layer = step.operation.layer
    parameters = layer.parameters if layer is not None else ()
    law = drawn(parameters[0]) if parameters else None
    return None if law is None else Moments(law.mean, max(law.square - law.mean**2, 0.0), law.mean**2)


# recurrent layers

ROUNDS = 12
"""Steps after which the moments of a state with the initial weights of libraries have settled."""


def recurrent(step: Step) -> Moments | None:
    """The state after some steps; gates and candidates as Gaussians that are independent of the state.

    The bias is what inputs have in common. Stacked layers settle one after the other.
    """
    x, layer, attributes = step.first, step.operation.layer, step.operation.attributes
    hidden, width = attributes.get("hidden_size"), attributes.get("input_size")
    if x is None or layer is None or not isinstance(hidden, int) or not isinstance(width, int):
        return None
    default = Draw(0.0, 1 / (3 * hidden)) if hidden else None
    laws = {p.name: drawn(p, default) for p in layer.parameters}
    into = laws.get("weight_ih_l0", laws.get("weight_ih", laws.get("kernel")))
    over = laws.get("weight_hh_l0", laws.get("weight_hh", laws.get("recurrent_kernel")))
    biases = [law for name, law in laws.items() if "bias" in name and ("_l0" in name or "_l" not in name)]
    if into is None or over is None or None in biases:
        return None
    added = sum(law.square for law in biases[:2] if law is not None)
    count, ways = attributes.get("num_layers", 1), 2 if attributes.get("bidirectional") is True else 1
    for _ in range(count if isinstance(count, int) else 1):
        given = width * into.square
        x = _settled(attributes.get("cell"), given * x.square, given * x.shared, hidden * over.square, added)
        width = hidden * ways
    return x


def _settled(cell: object, given: float, common: float, over: float, bias: float) -> Moments:
    state = memory = 0.0
    for _ in range(ROUNDS):
        drive = given + over * state + bias
        squashed = _square_of_tanh(drive)
        if cell == "rnn":
            state = squashed
            continue
        gate = _square_of_sigmoid(drive)
        memory = gate * (memory + squashed) if cell == "lstm" else gate * (state + squashed)
        state = gate * _square_of_tanh(memory) if cell == "lstm" else memory
    same = (common + bias) / (given + bias) if given + bias else 0.0
    return Moments(0.0, state * (1 - same), state * same)


def _square_of_tanh(variance: float) -> float:
    return activated("tanh", (), Moments(0.0, variance, 0.0)).square


def _square_of_sigmoid(variance: float) -> float:
    return activated("sigmoid", (), Moments(0.0, variance, 0.0)).square
