"""What a formula gives for numbers: the operations of a graph, computed on a few values by plain arithmetic.

Every value is one number, or a list of numbers that stands for all axes together: a sum or mean over any axis
gives one number, as it does for one sample. What is not such a formula raises ``Uncertain``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from nnlint.network.graph import Operation, Tensor

Numbers = float | tuple[float, ...]

SAME = ("identity", "cast", "detach", "reshape", "flatten", "squeeze", "unsqueeze", "dropout")
MOST = 200  # operations; longer formulas are no single loss


class Uncertain(Exception):
    """The formula holds something that is not followed."""


def evaluate(value: Tensor, known: Mapping[int, Numbers]) -> Numbers:
    """The value where operations with the numbers in ``known`` give those values.

    Raises Uncertain when an operation is not followed, a leaf is not known, or arithmetic fails.
    """
    found: dict[int, Numbers] = dict(known)
    budget = [MOST]

    def run(tensor: Tensor) -> Numbers:
        operation = tensor.operation
        if operation.number in found:
            return found[operation.number]
        budget[0] -= 1
        if budget[0] < 0:
            raise Uncertain
        bounds = tensor.range
        if operation.kind == "constant" and bounds is not None and bounds.low == bounds.high:
            return bounds.low
        result = _apply(operation, tuple(map(run, operation.inputs)))
        found[operation.number] = result
        return result

    try:
        return run(value)
    except (ArithmeticError, ValueError, OverflowError, RecursionError) as error:
        raise Uncertain from error


def _apply(operation: Operation, inputs: tuple[Numbers, ...]) -> Numbers:
    kind = operation.kind
    if kind in SAME and inputs:
        return inputs[0]
    if kind in ("sum", "mean") and inputs:
        return _reduced(inputs[0], kind == "mean")
    if kind in TWO and len(inputs) == 2:
        return _both(TWO[kind], *inputs)
    if kind == "power" and len(inputs) == 1 and isinstance(operation.attributes.get("exponent"), int | float):
        exponent = float(operation.attributes["exponent"])
        return _each(lambda x: _real(x**exponent), inputs[0])
    if kind == "clamp" and inputs:
        return _each(_clamp(operation), inputs[0])
    if kind in ONE and len(inputs) == 1:
        return _each(ONE[kind], inputs[0])
    raise Uncertain


def _reduced(values: Numbers, mean: bool) -> float:
    if isinstance(values, float):
        return values
    return math.fsum(values) / (len(values) if mean else 1)


def _each(function: Callable[[float], float], values: Numbers) -> Numbers:
    return function(values) if isinstance(values, float) else tuple(map(function, values))


def _both(function: Callable[[float, float], float], a: Numbers, b: Numbers) -> Numbers:
    if isinstance(a, float) and isinstance(b, float):
        return function(a, b)
    count = len(a) if isinstance(a, tuple) else len(b) if isinstance(b, tuple) else 0
    left = (a,) * count if isinstance(a, float) else a
    right = (b,) * count if isinstance(b, float) else b
    return tuple(map(function, left, right))


def _clamp(operation: Operation) -> Callable[[float], float]:
    low, high = operation.attributes.get("min"), operation.attributes.get("max")
    if not all(bound is None or isinstance(bound, int | float) for bound in (low, high)):
        raise Uncertain
    return lambda x: min(max(x, -math.inf if low is None else low), math.inf if high is None else high)


def _real(value: float) -> float:
    if isinstance(value, complex):
        raise Uncertain
    return value


ONE: Mapping[str, Callable[[float], float]] = {
    "negative": lambda x: -x,
    "absolute": abs,
    "square": lambda x: x * x,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log1p": math.log1p,
}

TWO: Mapping[str, Callable[[float, float], float]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: _real(x**y),
    "maximum": max,
    "minimum": min,
}
