"""NR310: weight decay that is negative, or so strong that nothing is learned."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.source import Optimizer, Recipe
from nnlint.finding import Finding, Level
from nnlint.network.graph import Layer

DECOUPLED = ("adamw", "lion", "lamb")
"""Optimisers that scale the decay by the learning rate, so that larger figures are usual: 0.01 to 0.1."""


@check("NR310", level=WARNING)
def weight_decay_out_of_range(
    recipe: Recipe, *, coupled: float = 0.1, decoupled: float = 0.5, penalty: float = 10.0
) -> Iterator[Finding]:
    """Weight decay is negative, or far above what networks bear.

    Why: the penalty outweighs the loss, and the weights go to zero whatever the data say; a negative one
    makes them grow without end.
    Source: Krogh and Hertz 1991, "A simple weight decay can improve generalization"; Loshchilov and Hutter
    2019, "Decoupled weight decay regularization" (0.01 to 0.1 for AdamW, 1e-5 to 1e-3 for SGD).

    Options: coupled, decoupled: decay from which on it is reported (0.1; 0.5 for AdamW and its like);
    penalty: the factor of a layer's own L1 or L2 term above which it is (10).

    Fires:
        A thousand times the usual.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=0.5)  # warning: [NR310]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        The wrong sign.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters(), weight_decay=-0.01)  # error: [NR310]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        The penalty of a layer of Keras.
        ```python
        import keras
        from keras import layers, regularizers

        model = keras.Sequential([
            keras.Input((20,)),
            layers.Dense(64, activation="relu", kernel_regularizer=regularizers.l2(50)),  # warning: [NR310]
            layers.Dense(1, kernel_regularizer=regularizers.l2(1e-3)),
        ])
        model.compile("adam", "mse")
        ```
    Silent:
        AdamW multiplies the decay by the learning rate.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    for optimizer in recipe.optimizers:
        decay = optimizer.weight_decay
        limit = decoupled if optimizer.kind in DECOUPLED else coupled
        if decay is not None and (decay < 0 or decay >= limit) and (optimizer.whole or optimizer.models):
            yield _finding(optimizer, decay)
    for layer in dict.fromkeys(layer for network in recipe.models.values() for layer in network.layers):
        yield from _of_layer(layer, penalty)


def _of_layer(layer: Layer, penalty: float) -> Iterator[Finding]:
    """What a layer of Keras adds to the loss by itself."""
    for name, value in layer.attributes.items():
        if not (name.endswith("_regularizer") and isinstance(value, tuple)):
            continue
        factor = max((f for f in value[1:] if isinstance(f, int | float)), default=0.0)
        if factor > penalty:
            message = f"{name}={value[0]}({factor:g}): it outweighs the loss"
            yield Finding(layer.place, message, "start with 1e-4")


def _finding(optimizer: Optimizer, decay: float) -> Finding:
    name = optimizer.api.rpartition(".")[2]
    if decay < 0:
        said, help, level = "the weights grow without end", "give a decay of 0 or more", Level.ERROR
    else:
        said, help, level = "it outweighs the loss", "start with 1e-4, or 0.01 for AdamW", None
    return Finding(optimizer.place, f"weight_decay={decay:g} with {name}: {said}", help, level=level)
