"""What torch computes always lies in the static range."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from nnlint.network.facts import Range
from nnlint.network.operations import RULES

UNARY: dict[str, tuple[dict[str, Any], Callable[[Tensor], Tensor]]] = {
    "relu": ({}, F.relu),
    "relu6": ({}, F.relu6),
    "leaky_relu": ({}, F.leaky_relu),
    "elu": ({}, F.elu),
    "selu": ({}, F.selu),
    "gelu": ({}, F.gelu),
    "silu": ({}, F.silu),
    "mish": ({}, F.mish),
    "hardswish": ({}, F.hardswish),
    "softplus": ({}, F.softplus),
    "softsign": ({}, F.softsign),
    "tanh": ({}, torch.tanh),
    "hardtanh": ({"min": -2.0, "max": 0.5}, lambda x: F.hardtanh(x, -2.0, 0.5)),
    "sigmoid": ({}, torch.sigmoid),
    "hardsigmoid": ({}, F.hardsigmoid),
    "softmax": ({"axis": -1}, lambda x: torch.softmax(x, -1)),
    "log_softmax": ({"axis": -1}, lambda x: torch.log_softmax(x, -1)),
    "logsigmoid": ({}, F.logsigmoid),
    "exp": ({}, torch.exp),
    "absolute": ({}, torch.abs),
    "square": ({}, torch.square),
    "power": ({"exponent": 4}, lambda x: x**4),
    "negative": ({}, torch.neg),
    "clamp": ({"min": 0}, lambda x: x.clamp(min=0)),
    "sum": ({"axis": -1}, lambda x: x.sum(-1)),
    "mean": ({"axis": -1}, lambda x: x.mean(-1)),
    "max": ({"axis": -1}, lambda x: x.amax(-1)),
    "norm": ({"axis": -1}, lambda x: x.norm(dim=-1)),
    "normalize": ({}, lambda x: F.normalize(x, dim=-1)),
    "dropout": ({}, lambda x: F.dropout(x, 0.5)),
    "max_pool": ({}, lambda x: F.max_pool1d(x[None], 3, 1, 1)),
    "avg_pool": ({}, lambda x: F.avg_pool1d(x[None], 3, 1, 1)),
    "adaptive_pool": ({}, lambda x: F.adaptive_avg_pool1d(x[None], 2)),
    "pad": ({"pads": (1, 1), "value": -3.0}, lambda x: F.pad(x, (1, 1), value=-3.0)),
    "interpolate": ({"mode": "linear"}, lambda x: F.interpolate(x[None, None], 9, mode="linear")),
    "local_response_norm": ({}, lambda x: F.local_response_norm(x[None, None], 3, alpha=1.0, k=0.5)),
    "cast": ({}, lambda x: x.double()),
    "sqrt": ({}, lambda x: x.clamp(min=0).sqrt()),
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "concat": lambda a, b: torch.cat((a, b)),
    "compare": torch.gt,
    "choice": lambda a, b: torch.where(a > 0, a, b),
}

bounds = st.one_of(
    st.just(0.0),
    st.sampled_from([-1.0, 1.0, 6.0]),
    st.floats(-30, 30, width=32).map(lambda x: x + 0.0),  # no -0.0
)


@st.composite
def interval(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Range, Tensor]:
    """An interval (bounded or not) and a vector of values inside, its ends among them."""
    low, high = sorted((draw(bounds), draw(bounds)))
    inner = draw(st.lists(st.floats(low, high, width=32), min_size=3, max_size=5))
    known = Range(
        -math.inf if draw(st.integers(0, 3)) == 0 else low, math.inf if draw(st.integers(0, 3)) == 0 else high
    )
    return known, torch.tensor([low, *inner, high], dtype=torch.float64)


def inside(values: Tensor, known: Range | None) -> bool:
    if known is None:
        return True
    numbers = [v for v in values.double().flatten().tolist() if not math.isnan(v)]
    slack = [1e-4 * max(1.0, abs(b)) if math.isfinite(b) else 0.0 for b in known]
    return all(known.low - slack[0] <= v <= known.high + slack[1] for v in numbers)


@pytest.mark.parametrize("kind", UNARY)
@settings(max_examples=80, deadline=None)
@given(drawn=interval(), hide=st.booleans())
@example(drawn=(Range(-5.0, -1.0), torch.tensor([-5.0, -3.0, -1.0, -1.0, -1.0])), hide=False)
@example(drawn=(Range(-2.0, -1.0), torch.full((5,), -1.2)), hide=False)
def test_values_lie_in_the_range(kind: str, drawn: tuple[Range, Tensor], hide: bool) -> None:
    known, x = drawn
    attributes, function = UNARY[kind]
    result = RULES[kind].range([None if hide else known], attributes)
    assert inside(function(x), result), f"{kind} of {known} is not within {result}: {function(x)}"


@pytest.mark.parametrize("kind", BINARY)
@settings(max_examples=80, deadline=None)
@given(a=interval(), b=interval(), size=st.integers(3, 5))
def test_values_of_two_lie_in_the_range(
    kind: str, a: tuple[Range, Tensor], b: tuple[Range, Tensor], size: int
) -> None:
    x, y = a[1][-size:], b[1][-size:]
    length = min(len(x), len(y))
    ranges = [a[0], b[0]]
    result = RULES[kind].range(ranges, {})
    assert inside(BINARY[kind](x[:length], y[:length]), result), f"{kind} of {ranges}: {result}"


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "softmax", "tanh", "exp", "softplus", "absolute"])
def test_bounds_of_functions_need_no_bounds_of_their_input(kind: str) -> None:
    assert RULES[kind].range([None], {}) is not None


@given(low=st.one_of(st.none(), bounds), high=st.one_of(st.none(), bounds), drawn=interval())
def test_clamped_values_lie_in_the_range(
    low: float | None, high: float | None, drawn: tuple[Range, Tensor]
) -> None:
    if low is None and high is None:
        return
    result = RULES["clamp"].range([drawn[0]], {"min": low, "max": high})
    assert inside(drawn[1].clamp(low, high), result)


def test_max_with_a_constant_is_bounded_whatever_comes_in() -> None:
    assert RULES["maximum"].range([None, Range(0.0, 0.0)], {}) == Range(0.0, math.inf)
    assert RULES["minimum"].range([Range(1.0, 1.0), None], {}) == Range(-math.inf, 1.0)


def test_where_gives_one_of_its_two_values() -> None:
    ranges = [Range(0.0, 1.0), Range(5.0, 6.0), Range(-1.0, 2.0)]
    assert RULES["where"].range(ranges, {}) == Range(-1.0, 6.0)


def test_cubic_interpolation_may_overshoot() -> None:
    assert RULES["interpolate"].range([Range(0.0, 1.0)], {"mode": "bicubic"}) is None


def test_padding_is_unknown_until_its_value_is_known() -> None:
    x = [Range(1.0, 2.0)]
    assert RULES["pad"].range(x, {}) is None
    assert RULES["pad"].range(x, {"mode": "constant", "value": None}) is None
    assert RULES["pad"].range(x, {"mode": "reflect"}) == x[0]
