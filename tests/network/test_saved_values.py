"""What autograd keeps of an operation is what torch itself complains about when it is overwritten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from nnlint_checks.architecture.saved_values import (
    KEEPS_INPUT,
    KEEPS_INPUT_FOR_WEIGHTS,
    KEEPS_OTHER,
    KEEPS_RESULT,
    KEEPS_RESULT_IN_PLACE,
)

WIDTH = 6
OTHER = torch.rand(2, WIDTH, WIDTH, WIDTH, requires_grad=True)
Step = Callable[[torch.Tensor], torch.Tensor]

STEPS: dict[str, Step] = {
    **{
        name: getattr(functional, name)
        for name in ("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu")
    },
    **{
        name: getattr(functional, name)
        for name in ("mish", "hardswish", "hardsigmoid", "hardtanh", "softplus", "softsign")
    },
    **{name: getattr(torch, name) for name in ("tanh", "sigmoid", "exp", "sqrt", "log", "log1p", "square")},
    **{
        name: (lambda x, name=name: getattr(functional, name)(x, dim=1))
        for name in ("softmax", "softmin", "log_softmax")
    },
    "logsigmoid": functional.logsigmoid,
    "glu": lambda x: functional.glu(x, 1),
    "threshold": lambda x: functional.threshold(x, 0.1, 0.0),
    "prelu": nn.PReLU(),
    "power": lambda x: x**2,
    "absolute": torch.abs,
    "clamp": lambda x: x.clamp(0, 1),
    "wave": torch.sin,
    "maximum": lambda x: torch.maximum(x, OTHER),
    "max_pool": nn.MaxPool2d(2),
    "avg_pool": nn.AvgPool2d(2),
    "normalize": functional.normalize,
    "local_response_norm": nn.LocalResponseNorm(2),
    "linear": nn.Linear(WIDTH, 2),
    "conv": nn.Conv2d(WIDTH, 2, 3),
    "conv_transpose": nn.ConvTranspose2d(WIDTH, 2, 3),
    "batch_norm": nn.BatchNorm2d(WIDTH),
    "group_norm": nn.GroupNorm(2, WIDTH),
    "instance_norm": nn.InstanceNorm2d(WIDTH),
    "layer_norm": nn.LayerNorm(WIDTH),
    "multiply": lambda x: x * OTHER,
    "divide": lambda x: x / OTHER,
    "matmul": lambda x: x @ OTHER,
    "add": lambda x: x + OTHER,
    "subtract": lambda x: x - OTHER,
    "mean": lambda x: x.mean(1),
    "concat": lambda x: torch.cat([x, OTHER]),
    "dropout": nn.Dropout(0.5),
    "negative": torch.neg,
    "interpolate": lambda x: functional.interpolate(x, scale_factor=2),
    "pad": lambda x: functional.pad(x, (1, 1)),
}
IN_PLACE: dict[str, Step] = {
    name: (lambda x, name=name: getattr(functional, name)(x, inplace=True))
    for name in (
        "relu",
        "leaky_relu",
        "elu",
        "celu",
        "selu",
        "silu",
        "mish",
        "hardswish",
        "relu6",
        "hardtanh",
    )
}


def value() -> torch.Tensor:
    start = torch.rand(2, WIDTH, WIDTH, WIDTH, requires_grad=True)
    return start * 1.0 + 0.1


def fails(result: torch.Tensor) -> bool:
    try:
        result.sum().backward()
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error)
        return True
    return False


@pytest.mark.parametrize("kind", STEPS)
def test_result_is_kept_exactly_where_the_table_says(kind: str) -> None:
    result = STEPS[kind](value())
    result.add_(1)
    assert fails(result) is (kind in KEEPS_RESULT)


@pytest.mark.parametrize("kind", STEPS)
def test_input_is_kept_exactly_where_the_tables_say(kind: str) -> None:
    start = value()
    result = STEPS[kind](start)
    start.add_(1)
    assert fails(result) is (kind in KEEPS_INPUT | KEEPS_INPUT_FOR_WEIGHTS | KEEPS_OTHER)


@pytest.mark.parametrize("kind", IN_PLACE)
def test_result_in_place_is_kept_exactly_where_the_table_says(kind: str) -> None:
    assert fails(IN_PLACE[kind](value()).add_(1)) is (kind in KEEPS_RESULT_IN_PLACE)
