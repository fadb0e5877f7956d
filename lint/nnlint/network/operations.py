"""The vocabulary of operations: for each kind its family and its shape, range and meaning rules.

Readers of every library translate into these kinds; ``apply`` makes the tensor that results.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.network import patterns, ranges, rearranging, shapes, spatial
from nnlint.network.facts import INFINITY, UNKNOWN_ROLE, Meaning, Role
from nnlint.network.graph import Layer, Operation, Tensor
from nnlint.network.shape import UNKNOWN, Conflict, Shape
from nnlint.network.size import Symbolic, symbol

RoleRule = Callable[[Sequence[Tensor], Mapping[str, Any]], Role]


class Family(enum.Enum):
    """What a kind of operation does to a network."""

    SOURCE = "source"  # inputs, parameters, constants
    WEIGHTED = "weighted"  # mixes features by trained weights
    ACTIVATION = "activation"
    NORM = "norm"
    DROPOUT = "dropout"
    POOL = "pool"
    MOVE = "move"  # values keep their identity: reshape, permute, index, identity, detach
    ARITHMETIC = "arithmetic"
    REDUCE = "reduce"
    COMBINE = "combine"  # concat, stack, choice
    LOSS = "loss"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of operation acts on shape, range and meaning."""

    family: Family
    shape: shapes.ShapeRule = shapes.unknown
    range: ranges.RangeRule = ranges.unknown
    role: RoleRule = lambda inputs, attributes: UNKNOWN_ROLE


def _is(meaning: Meaning) -> RoleRule:
    role = Role(meaning)
    return lambda inputs, attributes: role


def _over_axis(meaning: Meaning) -> RoleRule:
    def rule(inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> Role:
        axis = attributes.get("axis")
        return Role(meaning, axis if isinstance(axis, int) else None)

    return rule


def _kept(inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> Role:
    return inputs[0].role if inputs else UNKNOWN_ROLE


def _agreed(inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> Role:
    roles = {t.role for t in inputs}
    return roles.pop() if len(roles) == 1 else UNKNOWN_ROLE


def _exponential(inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> Role:
    """Probabilities of their logarithms."""
    role = inputs[0].role
    logarithms = role.meaning is Meaning.LOG_PROBABILITIES
    return Role(Meaning.PROBABILITIES, role.axis) if logarithms else Role(Meaning.FEATURES)


_scores, _features, _no_role = _is(Meaning.SCORES), _is(Meaning.FEATURES), _is(Meaning.UNKNOWN)


def _weighted(shape: shapes.ShapeRule, role: RoleRule = _scores) -> Rule:
    return Rule(Family.WEIGHTED, shape, ranges.unbounded, role)


def _activation(range_rule: ranges.RangeRule, role: RoleRule = _features) -> Rule:
    return Rule(Family.ACTIVATION, shapes.same_as_input, range_rule, role)


def _along_axis(range_rule: ranges.RangeRule, meaning: Meaning) -> Rule:
    return Rule(Family.ACTIVATION, shapes.over_axis, range_rule, _over_axis(meaning))


def _move(shape: shapes.ShapeRule) -> Rule:
    return Rule(Family.MOVE, shape, ranges.unchanged, _kept)


def _reduce(range_rule: ranges.RangeRule, role: RoleRule = _no_role) -> Rule:
    return Rule(Family.REDUCE, shapes.reduce, range_rule, role)


def _softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _selu(x: float) -> float:
    return 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x))


def _elu(x: float) -> float:
    return x if x > 0 else math.expm1(x)


# Smallest values of the smooth rectifiers, from their definitions.
_GELU_MINIMUM, _SILU_MINIMUM, _MISH_MINIMUM, _HARDSWISH_MINIMUM = -0.1701, -0.2785, -0.3089, -0.375
_SELU_MINIMUM = -1.7580993408473766

RULES: Mapping[str, Rule] = {
    # sources
    "input": Rule(Family.SOURCE, shapes.given, ranges.given),
    "parameter": Rule(Family.SOURCE, shapes.given, ranges.unbounded),
    "constant": Rule(Family.SOURCE, shapes.given, ranges.given),
    "unknown": Rule(Family.OTHER, shapes.given, ranges.unknown),
    "computed": Rule(Family.OTHER, shapes.given, ranges.unknown),  # by a function of which the shape is known
    "indices": Rule(Family.OTHER, shapes.given, ranges.fixed(0.0, INFINITY)),  # places of values
    # weighted
    "linear": _weighted(shapes.linear),
    "bilinear": _weighted(shapes.unknown),
    "conv": _weighted(spatial.conv),
    "conv_transpose": _weighted(spatial.conv_transpose),
    "embedding": _weighted(shapes.embedding, _features),
    "embedding_bag": _weighted(shapes.embedding_bag, _features),
    "rnn": Rule(Family.WEIGHTED, shapes.rnn, ranges.recurrent, _features),
    "rnn_state": Rule(Family.WEIGHTED, shapes.rnn_state, ranges.unknown, _features),
    "rnn_cell": Rule(Family.WEIGHTED, shapes.rnn_cell, ranges.unknown, _features),
    "attention": _weighted(shapes.attention, _features),
    "transformer": _weighted(shapes.attention, _features),
    "gemm": _weighted(shapes.gemm),
    # activations
    "relu": _activation(ranges.monotone(lambda x: max(x, 0.0), 0.0, INFINITY)),
    "relu6": _activation(ranges.monotone(lambda x: min(max(x, 0.0), 6.0), 0.0, 6.0)),
    "threshold": _activation(ranges.unknown),
    "leaky_relu": _activation(ranges.leaky),
    "prelu": _activation(ranges.unknown),
    "elu": _activation(ranges.monotone(_elu, -1.0, INFINITY)),
    "celu": _activation(ranges.unknown),
    "selu": _activation(ranges.monotone(_selu, _SELU_MINIMUM, INFINITY)),
    "gelu": _activation(ranges.gelu_like(_GELU_MINIMUM)),
    "silu": _activation(ranges.gelu_like(_SILU_MINIMUM)),
    "mish": _activation(ranges.gelu_like(_MISH_MINIMUM)),
    "hardswish": _activation(ranges.gelu_like(_HARDSWISH_MINIMUM)),
    "softplus": _activation(ranges.monotone(_softplus, 0.0, INFINITY)),
    "softsign": _activation(ranges.fixed(-1.0, 1.0)),
    "tanh": _activation(ranges.monotone(math.tanh, -1.0, 1.0)),
    "hardtanh": _activation(ranges.hardtanh),
    "sigmoid": _activation(ranges.monotone(_sigmoid, 0.0, 1.0), _is(Meaning.PROBABILITIES)),
    "hardsigmoid": _activation(ranges.unit, _is(Meaning.PROBABILITIES)),
    "softmax": _along_axis(ranges.unit, Meaning.PROBABILITIES),
    "softmin": _along_axis(ranges.unit, Meaning.PROBABILITIES),
    "gumbel_softmax": _along_axis(ranges.unit, Meaning.PROBABILITIES),
    "log_softmax": _along_axis(ranges.fixed(-INFINITY, 0.0), Meaning.LOG_PROBABILITIES),
    "logsigmoid": _activation(ranges.fixed(-INFINITY, 0.0), _is(Meaning.LOG_PROBABILITIES)),
    "glu": Rule(Family.ACTIVATION, shapes.gated, ranges.unknown, _features),
    "exp": _activation(ranges.monotone(math.exp, 0.0, INFINITY), _exponential),
    "activation": _activation(ranges.unknown),  # one that is not known further
    # normalisation, dropout, pooling
    "batch_norm": Rule(Family.NORM, spatial.batch_norm, ranges.unbounded, _features),
    "group_norm": Rule(Family.NORM, shapes.group_norm, ranges.unbounded, _features),
    "instance_norm": Rule(Family.NORM, shapes.same_as_input, ranges.unbounded, _features),
    "layer_norm": Rule(Family.NORM, shapes.layer_norm, ranges.unbounded, _features),
    "local_response_norm": Rule(Family.NORM, shapes.same_as_input, ranges.scaled_up, _features),
    "normalize": Rule(Family.NORM, shapes.same_as_input, ranges.fixed(-1.0, 1.0), _features),
    "dropout": Rule(Family.DROPOUT, shapes.same_as_input, ranges.scaled_up, _kept),
    "max_pool": Rule(Family.POOL, spatial.pool, ranges.unchanged, _features),
    "avg_pool": Rule(Family.POOL, spatial.pool, ranges.widened_by_zero, _features),
    "adaptive_pool": Rule(Family.POOL, spatial.adaptive_pool, ranges.unchanged, _features),
    "global_pool": Rule(Family.POOL, spatial.global_pool, ranges.unchanged, _features),
    # values keep their identity
    "identity": _move(shapes.same_as_input),
    "detach": _move(shapes.same_as_input),
    "cast": _move(shapes.same_as_input),
    "flatten": _move(rearranging.flatten_axes),
    "reshape": _move(rearranging.reshape),
    "permute": _move(rearranging.permute),
    "transpose": _move(rearranging.transpose),
    "squeeze": _move(rearranging.squeeze),
    "unsqueeze": _move(rearranging.unsqueeze),
    "expand": _move(rearranging.expand),
    "rearrange": _move(patterns.rearranged),
    "index": _move(shapes.given),
    "split": _move(rearranging.split_part),
    "roll": _move(shapes.same_as_input),
    "flip": _move(shapes.same_as_input),
    "interpolate": Rule(Family.MOVE, spatial.interpolate, ranges.resampled, _kept),
    "pad": Rule(Family.MOVE, spatial.pad, ranges.padded, _kept),
    "pixel_shuffle": _move(spatial.pixel_shuffle),
    "pixel_unshuffle": _move(spatial.pixel_unshuffle),
    "sizes": Rule(Family.OTHER, shapes.given, ranges.fixed(0.0, INFINITY)),  # numbers about a value
    "one_hot": Rule(Family.MOVE, shapes.one_hot, ranges.unit, _is(Meaning.ONE_HOT)),
    # arithmetic
    "add": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.total),
    "subtract": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.difference),
    "multiply": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.multiplied),
    "divide": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.divided),
    "power": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.power),
    "maximum": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.largest),
    "minimum": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.smallest),
    "compare": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.unit),
    "where": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.either),
    "elementwise": Rule(Family.ARITHMETIC, shapes.elementwise, ranges.unknown),
    "negative": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.negate),
    "absolute": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.absolute),
    "square": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.square),
    "sqrt": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.fixed(0.0, INFINITY)),
    "log": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.unknown),
    "log1p": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.unknown),
    "clamp": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.clamp),
    "round": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.unknown),
    "unary": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.unknown),
    "wave": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.fixed(-1.0, 1.0)),
    "fill": Rule(Family.ARITHMETIC, shapes.same_as_input, ranges.unknown),
    "matmul": Rule(Family.ARITHMETIC, shapes.matmul, ranges.unknown),
    "contract": Rule(Family.ARITHMETIC, shapes.given, ranges.unknown),  # einsum and the like
    "scaled_dot_product": Rule(Family.ARITHMETIC, shapes.scaled_dot_product, ranges.unknown, _features),
    # reductions
    "sum": _reduce(ranges.summed),
    "mean": _reduce(ranges.unchanged),
    "max": _reduce(ranges.unchanged),
    "min": _reduce(ranges.unchanged),
    "reduce": _reduce(ranges.unknown),
    "pattern_reduce": Rule(Family.REDUCE, patterns.rearranged),
    "norm": _reduce(ranges.fixed(0.0, INFINITY)),
    "argmax": _reduce(ranges.fixed(0.0, INFINITY), _is(Meaning.CLASS_INDICES)),
    # several inputs side by side
    "concat": Rule(Family.COMBINE, rearranging.concat, ranges.any_of, _agreed),
    "stack": Rule(Family.COMBINE, rearranging.stack, ranges.any_of, _agreed),
    "choice": Rule(Family.COMBINE, shapes.choice, ranges.any_of, _agreed),
    # losses
    "loss": Rule(Family.LOSS, shapes.scalar, ranges.unknown),
}

NO_PLACE = Place("")
OPAQUE = Tensor(Operation("unknown", (), {}, NO_PLACE))
"""A tensor of which nothing is known, not even where it comes from."""


def family(operation: Operation) -> Family:
    """The family of an operation's kind."""
    return RULES[operation.kind].family


def apply(
    kind: str,
    inputs: Sequence[Tensor],
    attributes: Mapping[str, Any],
    place: Place,
    *,
    name: str = "",
    layer: Layer | None = None,
) -> Tensor:
    """The tensor that operation ``kind`` makes of ``inputs``.

    Sizes that are proven not to meet are kept as the operation's ``conflict``; the shape is then unknown.
    Raises KeyError for a kind that is not in RULES.
    """
    rule = RULES[kind]
    conflict, about = "", ""
    try:
        shape = rule.shape(_shapes(kind, inputs, attributes), attributes)
    except Conflict as error:
        shape, conflict, about = UNKNOWN, str(error), error.about
    operation = Operation(kind, tuple(inputs), attributes, place, name, layer, conflict, about)
    value_range = rule.range([t.range for t in inputs], attributes)
    return Tensor(operation, shape, value_range, rule.role(inputs, attributes), name)


def _shapes(kind: str, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> list[Shape]:
    """The shapes of the inputs; the first axis has the name that ``x.view(x.size(0), -1)`` gives it."""
    found = [t.shape for t in inputs]
    sizes = attributes.get("sizes")
    if kind == "reshape" and isinstance(sizes, tuple) and sizes and isinstance(sizes[0], Symbolic):
        x = inputs[0]
        unnamed = x.shape.rank and x.shape.axis(0) is None
        if unnamed and sizes[0] == symbol(f"s{x.operation.number}.0"):
            found[0] = x.shape.replace(0, sizes[0])
    return found
