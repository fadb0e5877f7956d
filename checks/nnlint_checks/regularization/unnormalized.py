"""Many layers in a row that no norm keeps in bounds: what NR301 and OX110 tell."""

from __future__ import annotations

import math

from nnlint.dataclass import dataclass
from nnlint.network.graph import Network
from nnlint.network.moments_initial import fans
from nnlint_checks.signal.stretches import Stretch, called, deepest, shown, weight_of

FEWEST_LAYERS = 8
"""VGG-16 could not be trained from scratch without a trick, VGG-11 could (Simonyan and Zisserman 2015)."""
SMALLEST_GAIN, LARGEST_GAIN = 1e-2, 1e2
"""Within two decades optimisers with a rate per weight make up for the difference."""


@dataclass(frozen=True, slots=True)
class Unnormalized:
    """The stretch, and the gain that is furthest out of bounds."""

    stretch: Stretch
    gain: float


def unnormalized(
    network: Network, fewest_layers: int, smallest_gain: float, largest_gain: float
) -> Unnormalized | None:
    """The deepest stretch, if it is deep enough and the signal does not keep its size through it.

    SELU is left out: it normalises by itself.
    """
    stretch = deepest(network)
    if stretch is None or len(stretch.layers) < fewest_layers or not network.understood:
        return None
    if any(o.kind == "selu" for o in stretch.operations):
        return None
    modes = _between_modes(network, stretch)
    gain = _worst(stretch, smallest_gain * min(modes, 1.0), largest_gain * max(modes, 1.0))
    return None if gain is None else Unnormalized(stretch, gain)


def described(found: Unnormalized) -> str:
    """The message of a finding."""
    layers, gain = found.stretch.layers, found.gain
    what = "values change" if gain == found.stretch.forward else "gradients change"
    return (
        f"{len(layers)} layers without a norm: from {called(layers[0])} to the last {what} by ×{shown(gain)}"
    )


def _between_modes(network: Network, stretch: Stretch) -> float:
    """By how much He's two ways to scale weights (fan-in, fan-out) differ over the stretch: both are good."""
    first, last = (weight_of(network, stretch.layers[n]) for n in (0, -1))
    known = [fans(weight) for weight in (first, last) if weight is not None]
    if len(known) != 2 or known[0] is None or known[1] is None:
        return 1.0
    into, out = known[0], known[1]
    return math.sqrt(into[0] / into[1] * into[2] / out[2])


def _worst(stretch: Stretch, smallest: float, largest: float) -> float | None:
    """The gain that is furthest out of bounds."""
    gains = [g for g in (stretch.backward, stretch.forward) if g is not None and g > 0]
    outside = [g for g in gains if not smallest <= g <= largest]
    return max(outside, key=lambda g: max(g, 1 / g), default=None)
