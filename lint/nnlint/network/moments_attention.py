"""Moments through softmax, products of two values, and attention.

At initialisation scores are small and attention is nearly a mean over places; what different places have in
common goes through, the rest shrinks with their number. Gradients go through the values alone.
"""

from __future__ import annotations

import math

from nnlint.network.moments import Draw, Moments, Step, averaged
from nnlint.network.moments_initial import drawn


def _concentrated(variance: float, count: int) -> float:
    """Mean square of a softmax over ``count`` scores: log-normal weights, at most one-hot."""
    return min(math.exp(min(variance, 50.0)) / count**2, 1 / count)


def softmax(step: Step) -> Moments | None:
    """Probabilities over an axis of known size."""
    x, axis = step.first, step.operation.attributes.get("axis")
    count = step.made.axis(axis) if isinstance(axis, int) else None
    if x is None or not isinstance(count, int) or count < 1:
        return None
    middle = x.mean**2
    square = _concentrated(x.square - middle, count)
    shared = min(_concentrated(max(x.shared - middle, 0.0), count), square)
    return Moments(1 / count, square - shared, shared)


def softmax_back(step: Step, index: int) -> float | None:
    """dx = p·(g − Σ p·g): about E[p²]."""
    made = softmax(step)
    return None if made is None else made.square


def _contracted(step: Step) -> int | None:
    left, right = step.operation.inputs[:2]
    for size in (left.shape.axis(-1), right.shape.axis(-2)):
        if isinstance(size, int):
            return size
    return None


def matmul(step: Step) -> Moments | None:
    """A product of two values: a sum over the axis that is contracted.

    Weights of a softmax add up to one: what all places have in common goes through.
    """
    a, b = (*step.given, None, None)[:2]
    count = _contracted(step) if len(step.operation.inputs) == 2 else None
    if a is None or b is None or count is None:
        return None
    same = b.shared if step.operation.inputs[0].operation.kind in ("softmax", "dropout") else b.mean**2
    common = count * (count - 1) * a.mean**2 * same
    spread = count * (a.spread * b.square + a.shared * b.spread)
    return Moments(count * a.mean * b.mean, spread, count * a.shared * b.shared + common)


def matmul_back(step: Step, index: int) -> float | None:
    """dA = dY·Bᵀ: the contracted size times the mean square of the other."""
    other = step.given[1 - index] if len(step.given) == 2 else None
    count = _contracted(step) if len(step.operation.inputs) == 2 else None
    return None if other is None or count is None else count * other.square


def scaled_dot_product(step: Step) -> Moments | None:
    """Softmax attention: the mean over places to the extent that scores are alike."""
    if len(step.given) < 3 or step.given[2] is None:
        return None
    share = _attended(step)
    value = step.given[2]
    return None if share is None else averaged(value, share)


def scaled_dot_product_back(step: Step, index: int) -> float | None:
    """Through the values alone: through scores it is smaller by their number of places."""
    return _attended(step) if index == 2 else 0.0


def _attended(step: Step) -> float | None:
    count = step.operation.inputs[2].shape.axis(-2)
    query, key = step.given[0], step.given[1]
    if not isinstance(count, int) or count < 1 or query is None or key is None:
        return None
    return _concentrated(query.square * key.square, count) * count


def attention(step: Step) -> Moments | None:
    """``nn.MultiheadAttention`` on values: projected, averaged over places, projected."""
    known = _projections(step)
    value = step.given[2] if len(step.given) > 2 else step.first
    if known is None or value is None:
        return None
    into, share, out = known
    inner = Moments(0.0, into * value.spread, into * value.shared)
    mixed = averaged(inner, share)
    return Moments(0.0, out * mixed.spread, out * mixed.shared)


def attention_back(step: Step, index: int) -> float | None:
    """Through the values alone."""
    known = _projections(step)
    if known is None:
        return None
    into, share, out = known
    return into * share * out if index == 2 or len(step.given) == 1 else 0.0


def _projections(step: Step) -> tuple[float, float, float] | None:
    """Gain of the projection of values, share of attention, gain of the output's projection.

    torch: the three projections are one matrix, Glorot uniform as a whole; the output's is a linear layer.
    """
    operation, layer = step.operation, step.operation.layer
    width = operation.attributes.get("embed_dim")
    found = {p.name: p for p in layer.parameters} if layer is not None else {}
    if not isinstance(width, int) or "in_proj_weight" not in found or "out_proj.weight" not in found:
        return None
    value = operation.inputs[min(2, len(operation.inputs) - 1)]
    count = value.shape.axis(-2 if operation.attributes.get("batch_first") is True else 0)
    into = drawn(found["in_proj_weight"], Draw(0.0, 1 / (2 * width)))
    out = drawn(found["out_proj.weight"], Draw(0.0, 1 / (3 * width)))
    if into is None or out is None or not isinstance(count, int) or count < 1:
        return None
    return width * into.square, 1 / count, width * out.square
