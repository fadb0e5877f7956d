"""SP210: a recurrence whose gradient fades, or explodes, over the steps of a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.source import Did, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network, Operation
from nnlint.network.moments import Draw, Moments
from nnlint.network.moments_gaussian import slope_square
from nnlint.network.moments_initial import drawn
from nnlint.network.signal import signal

FEWEST_STEPS = 30
"""Bengio et al. 1994 saw plain recurrences fail from spans of 10 to 20 steps on."""
SMALLEST_GAIN = 1e-3
LARGE_STEP = 0.1
"""Pascanu et al. 2013 clip with rates from 0.01 to 0.1 on; above, one steep batch destroys the weights."""
RECURRENT = frozenset({"rnn", "rnn_state"})
OVER = ("weight_hh_l0", "recurrent_kernel")
BOUNDED = frozenset({"tanh", "sigmoid"})


@check("SP210", level=HINT)
def vanishing_recurrence(
    network: Network,
    recipe: Recipe | None,
    *,
    fewest_steps: int = FEWEST_STEPS,
    smallest_gain: float = SMALLEST_GAIN,
    large_step: float = LARGE_STEP,
) -> Iterator[Finding]:
    """A plain RNN runs over long sequences, or a recurrent network takes large steps without clipping.

    Why: the gradient goes back through the same weights at each step. In a plain RNN it shrinks by a factor a
    step, so that what came first cannot be learned; when it grows instead, one large step spoils the weights.
    Source: Bengio, Simard and Frasconi 1994, "Learning long-term dependencies with gradient descent is
    difficult"; Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
    Options: fewest_steps: of the sequence (30). smallest_gain: of the gradient over all of them (0.001).
    large_step: learning rate of SGD from which on recurrent weights need clipped gradients (0.1).

    Fires:
        Two hundred steps of a plain RNN.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.RNN(8, 64, batch_first=True)  # hint: [SP210]
                self.head = nn.Linear(64, 2)

            def forward(self, x):
                out, _ = self.rnn(x)
                return self.head(out[:, -1])

        scores = Net()(torch.randn(16, 200, 8))
        ```
    Silent:
        An LSTM keeps its memory over the steps.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.LSTM(8, 64, batch_first=True)
                self.head = nn.Linear(64, 2)

            def forward(self, x):
                out, _ = self.rnn(x)
                return self.head(out[:, -1])

        scores = Net()(torch.randn(16, 200, 8))
        ```
    """
    found = signal(network)
    for operation in network.operations:
        steps, layer = _steps(operation), operation.layer
        if layer is None or steps is None or steps < fewest_steps:
            continue
        gain = _gain(operation, layer, found.forward.get(operation.number))
        if gain is not None and gain**steps < smallest_gain:
            yield Finding(
                layer.place,
                f"a plain RNN over {steps} steps keeps {gain:.2g} of the gradient a step",
                "use LSTM or GRU, or cut the sequences into shorter ones",
            )
            break
    if recipe is not None and any(o.kind in RECURRENT for o in network.operations):
        yield from _unclipped(network, recipe, large_step)


def _steps(operation: Operation) -> int | None:
    """The length of the sequences that a plain RNN with a bounded activation runs over."""
    attributes = operation.attributes
    if operation.kind not in RECURRENT or attributes.get("cell") != "rnn" or not operation.inputs:
        return None
    if attributes.get("nonlinearity", "tanh") not in BOUNDED or operation.inputs[0].shape.rank != 3:
        return None
    steps = operation.inputs[0].shape.axis(1 if attributes.get("batch_first") is True else 0)
    return steps if isinstance(steps, int) else None


def _gain(operation: Operation, layer: Layer, state: Moments | None) -> float | None:
    """The factor of the gradient a step: √(n·E[w²]·E[φ'²]), with the state as wide as it settles."""
    hidden, kind = operation.attributes.get("hidden_size"), operation.attributes.get("nonlinearity", "tanh")
    weight = next((p for p in layer.parameters if p.name in OVER), None)
    if weight is None or not isinstance(hidden, int) or state is None or not hidden:
        return None
    law = drawn(weight, Draw(0.0, 1 / (3 * hidden)))
    if law is None:
        return None
    # The state is φ of the drive; for tanh near 0 their squares are about equal.
    return math.sqrt(hidden * law.square * slope_square(str(kind), (), Moments(0.0, state.square, 0.0)))


def _unclipped(network: Network, recipe: Recipe, large_step: float) -> Iterator[Finding]:
    if _may_clip(recipe) or recipe.framework_steps or network.framework != "torch":
        return
    for optimizer in recipe.optimizers:
        step = _step(optimizer)
        trained = any(recipe.models.get(key) is network for key in optimizer.models)
        if trained and step is not None and step >= large_step:
            yield Finding(
                optimizer.learning_rate_place or optimizer.place,
                f"SGD with a step of {step:g} on a recurrent network, and gradients are not clipped",
                "clip_grad_norm_ before step(), or lower the learning rate",
            )


def _may_clip(recipe: Recipe) -> bool:
    """Gradients are clipped, or something that is not understood happens between backward and step."""
    if not recipe.finished or any(event.did is Did.CLIP for event in recipe.events):
        return True
    pending = False
    for event in recipe.events:
        if event.did is Did.OPAQUE and pending:
            return True
        pending = event.did is Did.BACKWARD or (pending and event.did is not Did.STEP)
    return False


def _step(optimizer: Optimizer) -> float | None:
    momentum = optimizer.momentum or 0.0
    if optimizer.kind != "sgd" or optimizer.learning_rate is None or not 0 <= momentum < 1:
        return None
    return optimizer.learning_rate / (1 - momentum)
