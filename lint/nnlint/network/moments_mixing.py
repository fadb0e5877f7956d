"""Moments through activations, sums, products, and values side by side.

Values that meet in a sum or product are taken as independent of each other. Backward rules give the factor by
which the sum of squares of all gradients of a value is multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnlint.network.graph import Tensor
from nnlint.network.moments import Moments, Step, constant
from nnlint.network.moments_gaussian import activated, settings, slope_square
from nnlint.network.operations import Family, family

ALIKE = 4.0
"""Ways of the program that meet are averaged if their mean squares differ by less than this factor."""


def kept(step: Step) -> Moments | None:
    """Values stay what they are."""
    return step.first


def passed(step: Step, index: int) -> float | None:
    """So do gradients."""
    return 1.0


def stopped(step: Step, index: int) -> float | None:
    """No gradient gets through."""
    return 0.0


def activation(step: Step) -> Moments | None:
    """Any function of ACTIVATIONS."""
    kind = step.operation.kind
    numbers = settings(kind, step.operation.attributes)
    if step.first is None or numbers is None:
        return None
    return activated(kind, numbers, step.first)


def activation_back(step: Step, index: int) -> float | None:
    """E[φ'(x)²]."""
    kind = step.operation.kind
    numbers = settings(kind, step.operation.attributes)
    if step.first is None or numbers is None:
        return None
    return slope_square(kind, numbers, step.first)


def exponential(step: Step) -> Moments | None:
    """An activation, right behind a layer; distances and logarithms elsewhere are no Gaussians."""
    return activation(step) if _behind_layer(step) else None


def exponential_back(step: Step, index: int) -> float | None:
    """The same."""
    return activation_back(step, index) if _behind_layer(step) else None


def _behind_layer(step: Step) -> bool:
    return family(step.operation.inputs[0].operation) is Family.WEIGHTED


def glu(step: Step) -> Moments | None:
    """One half times the sigmoid of the other."""
    x = step.first
    return None if x is None else _product(x, activated("sigmoid", (), x))


def glu_back(step: Step, index: int) -> float | None:
    """Through both halves."""
    x = step.first
    if x is None:
        return None
    return activated("sigmoid", (), x).square + x.square * slope_square("sigmoid", (), x)


# sums and products


def add(step: Step) -> Moments | None:
    """a + b, independent; a + a is 2·a."""
    return _sum(step, 1.0)


def subtract(step: Step) -> Moments | None:
    """a − b."""
    return _sum(step, -1.0)


def _sum(step: Step, sign: float) -> Moments | None:
    known = [x for x in step.given if x is not None]
    if len(known) < len(step.given) or not known:
        return None
    if len(known) == 2 and _same_value(step.operation.inputs) and sign > 0:
        x = known[0]
        return Moments(2 * x.mean, 4 * x.spread, 4 * x.shared)
    total = known[0]
    for x in known[1:]:
        cross = 2 * sign * total.mean * x.mean
        total = Moments(total.mean + sign * x.mean, total.spread + x.spread, total.shared + x.shared + cross)
    return total


def _same_value(inputs: Sequence[Tensor]) -> bool:
    return len(inputs) == 2 and inputs[0].operation is inputs[1].operation


def sum_back(step: Step, index: int) -> float | None:
    """Each summand gets the gradient."""
    return 2.0 if _same_value(step.operation.inputs) else 1.0


def multiply(step: Step) -> Moments | None:
    """a · b, independent; a · a is the square."""
    a, b = (*step.given, None, None)[:2]
    if a is None or b is None:
        return None
    if _same_value(step.operation.inputs):
        return activated("square", (), a)
    return _product(a, b)


def _product(a: Moments, b: Moments) -> Moments:
    return Moments(a.mean * b.mean, a.spread * b.square + a.shared * b.spread, a.shared * b.shared)


def multiply_back(step: Step, index: int) -> float | None:
    """The other factor's mean square."""
    if len(step.given) != 2:
        return None
    other = step.given[1 - index]
    if other is None:
        return None
    return 2 * other.square if _same_value(step.operation.inputs) else other.square


def _inverse(x: Moments | None) -> Moments | None:
    """1/x of one number."""
    if x is None or x.mean == 0 or x.spread > 0 or abs(x.shared - x.mean**2) > 1e-9 * x.shared:
        return None
    return constant(1 / x.mean)


def quotient(step: Step) -> Moments | None:
    """Divided by a number."""
    a, b = (*step.given, None, None)[:2]
    inverse = _inverse(b)
    return None if a is None or inverse is None else _product(a, inverse)


def quotient_back(step: Step, index: int) -> float | None:
    """Divided by its square."""
    inverse = _inverse(step.given[1]) if len(step.given) == 2 else None
    return 0.0 if index else None if inverse is None else inverse.square


def power(step: Step) -> Moments | None:
    """Squares alone."""
    exponent = step.operation.attributes.get("exponent")
    return None if step.first is None or exponent != 2 else activated("square", (), step.first)


def power_back(step: Step, index: int) -> float | None:
    """(2x)²."""
    exponent = step.operation.attributes.get("exponent")
    if index:
        return 0.0
    return None if step.first is None or exponent != 2 else 4 * step.first.square


# side by side


def _shares(step: Step) -> list[float] | None:
    inputs, axis = (
        step.operation.inputs,
        step.operation.attributes.get("axis", step.operation.attributes.get("dim")),
    )
    if step.operation.kind == "stack" or len(inputs) == 1:
        return [1 / len(inputs)] * len(inputs)
    sizes = [t.shape.axis(axis) if isinstance(axis, int) else None for t in inputs]
    numbers = [s for s in sizes if isinstance(s, int)]
    if len(numbers) < len(inputs) or not sum(numbers):
        return None
    return [n / sum(numbers) for n in numbers]


def concat(step: Step) -> Moments | None:
    """A mean, weighted by sizes."""
    shares = _shares(step)
    known = [x for x in step.given if x is not None]
    if shares is None or len(known) < len(step.given):
        return None
    return _mixed(known, shares)


def _mixed(known: Sequence[Moments], shares: Sequence[float]) -> Moments:
    pairs = list(zip(known, shares, strict=True))
    return Moments(
        sum(x.mean * s for x, s in pairs),
        sum(x.spread * s for x, s in pairs),
        sum(x.shared * s for x, s in pairs),
    )


def concat_back(step: Step, index: int) -> float | None:
    """Each part gets its share of the values."""
    shares = _shares(step)
    return None if shares is None else shares[index]


def choice(step: Step) -> Moments | None:
    """One of several ways, if it makes no great difference which."""
    known = [x for x in step.given if x is not None]
    if len(known) < len(step.given) or not known:
        return None
    squares = [x.square for x in known]
    if max(squares) > ALIKE * min(squares):
        return None
    return _mixed(known, [1 / len(known)] * len(known))


def where(step: Step) -> Moments | None:
    """The one or the other, half of each."""
    known = [x for x in step.given[1:] if x is not None]
    return _mixed(known, (0.5, 0.5)) if len(known) == 2 else None


def where_back(step: Step, index: int) -> float | None:
    """Half of it each; none to the condition."""
    return 0.5 if index else 0.0


def padded(step: Step) -> Moments | None:
    """Zeros around take their share of the values."""
    x = step.first
    share = _within(step)
    return None if x is None else Moments(x.mean * share, x.spread * share, x.shared * share)


def padded_back(step: Step, index: int) -> float | None:
    """Gradients at the zeros are lost."""
    return _within(step)


def _within(step: Step) -> float:
    before, after = step.operation.inputs[0].shape.elements(), step.made.elements()
    if not isinstance(before, int) or not isinstance(after, int) or not 0 < before < after:
        return 1.0
    return before / after if step.operation.attributes.get("mode", "constant") == "constant" else 1.0
