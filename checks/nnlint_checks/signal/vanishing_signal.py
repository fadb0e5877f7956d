"""SP203: values or gradients that fade away on the way through the network."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.signal.stretches import (
    Stretch,
    called,
    deepest,
    ends,
    initialised_at,
    shown,
)

SMALLEST_GAIN = 1e-4
"""Below it, a step that moves the last layer by 1 % moves the first by a millionth."""
FEWEST_LAYERS = 3


@check("SP203", level=WARNING)
def vanishing_signal(network: Network, *, smallest_gain: float = SMALLEST_GAIN) -> Iterator[Finding]:
    """With its initial weights, the network lets next to nothing through.

    Why: each layer multiplies the signal by a factor that its width, initial weights and activation decide.
    Over many layers without norm or residual connection the factors multiply: what comes out no longer
    depends on what went in, and the first layers get no gradient to learn from.
    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"; He et al. 2015, "Delving Deep into Rectifiers"; Schoenholz et al. 2017.
    Options: smallest_gain: of values or gradients from the first hidden layer to the last (0.0001).

    Fires:
        Sixteen layers with the default weights: with ReLU each of them loses a factor of 2.4.
        ```python
        import torch
        from torch import nn

        class Deep(nn.Module):
            def __init__(self, width=256, depth=15):
                super().__init__()
                self.stem = nn.Linear(64, width)  # warning: [SP203, NR301]
                self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
                self.head = nn.Linear(width, 10)

            def forward(self, x):
                x = torch.relu(self.stem(x))
                for layer in self.layers:
                    x = torch.relu(layer(x))
                return self.head(x)

        def run(x):
            return Deep()(x)
        ```
        Weights that are much too small.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(
                    nn.Linear(99, 128), nn.Tanh(), nn.Linear(128, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh()
                )
                self.head = nn.Linear(64, 1)
                for module in self.body:
                    if isinstance(module, nn.Linear):
                        nn.init.normal_(module.weight, std=0.001)  # warning: [SP203]

            def forward(self, x):
                return self.head(self.body(x))

        def run(x):
            return Net()(x)
        ```
    Silent:
        He's initial weights keep the signal, here through the same sixteen layers.
        ```python
        import torch
        from torch import nn

        class Deep(nn.Module):
            def __init__(self, width=256, depth=15):
                super().__init__()
                self.stem = nn.Linear(64, width)
                self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
                self.head = nn.Linear(width, 10)
                for module in self.modules():
                    if isinstance(module, nn.Linear):
                        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                        nn.init.zeros_(module.bias)

            def forward(self, x):
                x = torch.relu(self.stem(x))
                for layer in self.layers:
                    x = torch.relu(layer(x))
                return self.head(x)

        def run(x):
            return Deep()(x)
        ```
        Norms set the signal back, residual connections lead past the layers.
        ```python
        import torch
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.norm = nn.LayerNorm(width)
                self.fc = nn.Linear(width, width)

            def forward(self, x):
                return x + torch.relu(self.fc(self.norm(x)))

        class Deep(nn.Module):
            def __init__(self, width=256, depth=15):
                super().__init__()
                self.layers = nn.Sequential(*[Block(width) for _ in range(depth)])
                self.head = nn.Linear(width, 10)

            def forward(self, x):
                return self.head(self.layers(x))

        def run(x):
            return Deep()(x)
        ```
    """
    stretch = deepest(network)
    if stretch is None or len(stretch.layers) < FEWEST_LAYERS or not network.understood:
        return
    forward, backward = stretch.forward, stretch.backward
    gains = [g for g in (forward, backward) if g is not None and 0 < g < smallest_gain]
    if gains and _stays(stretch, smallest_gain):
        yield _finding(network, stretch, backward if backward == min(gains) else None, min(gains))


def _stays(stretch: Stretch, smallest_gain: float) -> bool:
    """Nothing behind the stretch makes up for it: the whole way loses as much."""
    layers = stretch.signal.hidden
    whole = (
        stretch.signal.forward_gain(layers[0], layers[-1]),
        stretch.signal.backward_gain(layers[0], layers[-1]),
    )
    return any(g is not None and 0 < g < smallest_gain for g in whole)


def _finding(network: Network, stretch: Stretch, backward: float | None, gain: float) -> Finding:
    first, last = stretch.layers[0], stretch.layers[-1]
    count = len(stretch.layers)
    if backward is not None:
        message = (
            f"after {count} layers the gradient at {called(first)} is {shown(gain)} of that at {called(last)}"
        )
    else:
        message = f"after {count} layers {shown(gain)} of the signal is left at {called(last)}"
    return Finding(
        initialised_at(network, stretch),
        message,
        "put a norm between the layers, or scale the initial weights to the activation (He for ReLU)",
        trail=ends(network, stretch),
    )
