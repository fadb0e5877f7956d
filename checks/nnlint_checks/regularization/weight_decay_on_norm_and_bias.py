"""NR311: weight decay that also pulls at the norms and biases of a transformer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network
from nnlint_checks.architecture.attention import attentions

NORMS = frozenset({"layer_norm", "rms_norm", "transformer"})
"""Layers with gains that decay pulls to zero; torch's ready transformer layers hold norms inside."""


@check("NR311", level=HINT)
def weight_decay_on_norm_and_bias(recipe: Recipe) -> Iterator[Finding]:
    """One weight decay is applied to all parameters of a transformer, gains and biases included.

    Why: decay keeps weight matrices small. A norm's gain is meant to be about one and a bias has nothing to
    memorise: pulling them to zero works against the norm and buys no regularisation.
    Source: Brown et al. 2020, "Language Models are Few-Shot Learners", and the parameter groups of Hugging
    Face's Trainer (`get_decay_parameter_names`); Loshchilov and Hutter 2019.

    Fires:
        ```python
        import torch
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(9000, 64)
                self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
                self.norm = nn.LayerNorm(64)
                self.out = nn.Linear(64, 12)

            def forward(self, x):
                x = self.words(x)
                return self.out(self.norm(x + self.attention(x, x, x)[0]))

        def train(loader):
            model = Tagger()
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)  # hint: [NR311]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
                optimizer.step()
        ```
    Silent:
        Two groups.
        ```python
        import torch
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(9000, 64)
                self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
                self.norm = nn.LayerNorm(64)
                self.out = nn.Linear(64, 12)

            def forward(self, x):
                x = self.words(x)
                return self.out(self.norm(x + self.attention(x, x, x)[0]))

        def train(loader):
            model = Tagger()
            groups = [
                {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
                {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
            ]
            optimizer = torch.optim.AdamW(groups, lr=3e-4)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
                optimizer.step()
        ```
        No attention: convolutional networks are decayed as a whole by custom.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    for optimizer in recipe.optimizers:
        decay = optimizer.weight_decay
        if decay is None or decay <= 0 or optimizer.grouped is not False or not optimizer.whole:
            continue
        networks = (recipe.models[key] for key in optimizer.models if key in recipe.models)
        for network in networks:
            norms = _norms(network)
            if norms and any(attentions(network)):
                yield Finding(
                    optimizer.place,
                    f"weight_decay={decay:g} also pulls at the norms and biases of {network.name}",
                    "give parameters with fewer than 2 axes a group of their own with weight_decay=0",
                    trail=(Step(norms[0].place, f"{norms[0].name or norms[0].api} has gains about 1"),),
                )


def _norms(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if layer.kind in NORMS and layer.parameters]
