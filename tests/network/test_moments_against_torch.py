"""What is predicted of signals and gradients at initialisation is what torch measures."""

from __future__ import annotations

import math
import os
import statistics

import pytest
import torch

from nnlint.network.graph import Initialization, Layer, Network, Operation, Parameter, Tensor
from nnlint.network.moments import Moments
from nnlint.network.moments_gaussian import ACTIVATIONS, activated, largest_of, settings, slope_square
from nnlint.network.moments_initial import drawn
from nnlint.network.operations import NO_PLACE, RULES
from nnlint.network.shape import Shape
from nnlint.network.signal import RULES as MOMENT_RULES
from nnlint.network.signal import signal
from truth.moments import errors, random_networks

NETWORKS = int(os.environ.get("NNLINT_TRUTH_NETWORKS", "25"))
"""How many networks are drawn; more by the environment variable."""

MEDIAN, LARGE = 0.3, 1.0
"""Decades: the median of the errors, and what 95 % of them stay below."""


def test_gains_of_random_networks_are_predicted() -> None:
    torch.set_num_threads(1)
    forward, backward = errors([result for result, _ in random_networks(NETWORKS)])
    for found in (forward, backward):
        assert len(found) >= 10 * NETWORKS
        assert statistics.median(found) <= MEDIAN
        assert found[int(0.95 * (len(found) - 1))] <= LARGE


def test_every_kind_with_moments_is_an_operation() -> None:
    assert MOMENT_RULES.keys() <= RULES.keys()


@pytest.mark.parametrize(
    "name", ["relu", "gelu", "silu", "tanh", "sigmoid", "selu", "elu", "softplus", "mish"]
)
def test_activation_moments_are_those_of_a_sample(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = 0.3 + 1.7 * torch.randn(400_000, generator=generator, dtype=torch.float64)
    x.requires_grad_(True)
    y = getattr(torch.nn.functional, name)(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    y, slope = y.detach(), slope.detach()
    given = Moments(0.3, 1.7**2, 0.3**2)
    numbers = settings(name, {})
    assert numbers is not None
    made = activated(name, numbers, given)
    assert made.mean == pytest.approx(float(y.mean()), abs=0.02)
    assert made.square == pytest.approx(float(y.square().mean()), rel=0.02)
    assert slope_square(name, numbers, given) == pytest.approx(float(slope.square().mean()), rel=0.03)


def test_all_activations_have_finite_moments() -> None:
    for name in ACTIVATIONS:
        numbers = settings(name, {})
        assert numbers is not None
        made = activated(name, numbers, Moments(0.0, 1.0, 0.5))
        assert all(map(math.isfinite, (made.mean, made.spread, made.shared))), name


def test_largest_of_four() -> None:
    sample = torch.randn(100_000, 4, generator=torch.Generator().manual_seed(0)).max(1).values
    mean, square = largest_of(4)
    assert (mean, square) == pytest.approx((float(sample.mean()), float(sample.square().mean())), rel=0.03)


@pytest.mark.parametrize(
    ("call", "kind", "numbers"),
    [
        ("xavier_uniform_(w, gain=2.0)", "xavier_uniform", {"gain": 2.0}),
        ("kaiming_normal_(w, mode='fan_out')", "kaiming_normal", {"a": 0.0, "gain": 2**0.5, "fan_out": 1.0}),
        ("orthogonal_(w)", "orthogonal", {"gain": 1.0}),
        ("trunc_normal_(w, std=1.0)", "normal", {"mean": 0.0, "std": 1.0, "a": -2.0, "b": 2.0}),
        ("uniform_(w, 0.0, 0.5)", "uniform", {"a": 0.0, "b": 0.5}),
        ("normal_(w, 0.1, 0.2)", "normal", {"mean": 0.1, "std": 0.2}),
    ],
)
def test_law_of_an_initialisation(call: str, kind: str, numbers: dict[str, float]) -> None:
    torch.manual_seed(0)
    weight = torch.empty(300, 40, 3, 3)
    eval(f"init.{call}", {"init": torch.nn.init, "w": weight})
    law = drawn(Parameter("weight", Shape((300, 40, 3, 3)), Initialization(kind, numbers)))
    assert law is not None
    assert law.mean == pytest.approx(float(weight.mean()), abs=0.005)
    assert law.square == pytest.approx(float(weight.square().mean()), rel=0.05)


def _two_layers(initialization: Initialization) -> Network:
    source = Tensor(Operation("input", (), {}, NO_PLACE), Shape((8, 4)))
    value, layers, operations = source, [], []
    for name in ("first", "second"):
        layer = Layer(
            "linear", "x", name, NO_PLACE, {}, (Parameter("weight", Shape((4, 4)), initialization),)
        )
        operation = Operation("linear", (value,), {}, NO_PLACE, name, layer)
        value = Tensor(operation, Shape((8, 4)))
        layers.append(layer)
        operations.append(operation)
    return Network("Net", "torch", NO_PLACE, "", tuple(layers), tuple(operations), (source,), (value,))


def test_weights_of_variance_one_multiply_by_the_root_of_the_width() -> None:
    network = _two_layers(Initialization("normal", {"mean": 0.0, "std": 1.0}))
    found = signal(network)
    first, second = network.operations
    assert found.heads == (second,) and found.hidden == (first,)
    assert found.forward_gain(first, second) == pytest.approx(4.0)
    assert found.backward[network.inputs[0].operation.number] == pytest.approx(4.0)


def test_nothing_is_said_of_unknown_weights() -> None:
    network = _two_layers(Initialization("loaded"))
    assert network.operations[0].number not in signal(network).forward
