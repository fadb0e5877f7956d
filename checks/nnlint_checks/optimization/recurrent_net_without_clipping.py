"""OP411: a recurrent network is trained, and nothing limits its gradients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Layer
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import networks_of

RECURRENT = pattern(r"(RNN|LSTM|GRU|RNNBase)(Cell)?$")
LIMITS = pattern(r"clip|clamp_?grad|grad_?norm|agc|renorm", re.IGNORECASE)
"""Words of programs that limit gradients in a way of their own."""


@check("OP411", level=HINT)
def recurrent_net_without_clipping(recipe: Recipe) -> Iterator[Finding]:
    """RNN, LSTM or GRU layers are trained in a loop that never clips gradients.

    Why: the gradient of a recurrent layer is a product over the time steps. Where it grows, it grows
    exponentially: one such batch throws the weights far off, and the loss jumps or becomes NaN.
    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks";
    PyTorch example "word_language_model" (clip 0.25).

    Fires:
        ```python
        import torch
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.LSTM(32, 64, batch_first=True)
                self.head = nn.Linear(64, 5)

            def forward(self, x):
                out, _ = self.rnn(x)
                return self.head(out[:, -1])

        def train(loader):
            model = Tagger()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()  # hint: [OP411]
        ```
    Silent:
        Clipped.
        ```python
        import torch
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn = nn.GRU(32, 64, batch_first=True)
                self.head = nn.Linear(64, 5)

            def forward(self, x):
                out, _ = self.rnn(x)
                return self.head(out[:, -1])

        def train(loader):
            model = Tagger()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
        ```
        The recurrent part is frozen.
        ```python
        import torch
        from torch import nn

        def train(loader):
            encoder, head = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 5)
            encoder.requires_grad_(False)
            optimizer = torch.optim.Adam(head.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(head(encoder(x)[0][:, -1]), y).backward()
                optimizer.step()
        ```
    """
    if recipe.framework_steps or not recipe.finished or any(map(LIMITS.search, recipe.words)):
        return
    for step in recipe.events:
        if step.did is not Did.STEP or not step.loops or _by_keras(step):
            continue
        layer = _recurrent(recipe, step)
        if layer is not None:
            yield Finding(
                step.place,
                f"{_name(layer)} is trained without clipping: one batch can throw its weights far off",
                "call nn.utils.clip_grad_norm_(model.parameters(), 1.0) before the step",
                trail=(Step(layer.place, "the recurrent layer"),),
                subject=("clip", step.place),
            )
            return


def _by_keras(step: Event) -> bool:
    return any(loop.loader is not None and loop.loader.api.startswith("keras") for loop in step.loops)


def _recurrent(recipe: Recipe, step: Event) -> Layer | None:
    """A recurrent layer whose weights the optimiser trains."""
    optimizers = [o for o in recipe.optimizers if o.key in step.subjects]
    layers = [layer for o in optimizers for n in networks_of(o, recipe) for layer in n.layers]
    return next((layer for layer in layers if RECURRENT.search(layer.api) and _is_trained(layer)), None)


def _is_trained(layer: Layer) -> bool:
    return any(p.trainable is True for p in layer.parameters)


def _name(layer: Layer) -> str:
    return layer.api.rpartition(".")[2]
