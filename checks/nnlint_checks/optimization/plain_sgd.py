"""OP407: a deep network is trained by gradient descent without momentum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import networks_of, steps, weight_layers

SETS_MOMENTUM = frozenset({"OneCycleLR", "CyclicLR"})
MEANT = pattern(
    r"fed(erated|avg|prox|_|$)|opacus|privacy|(^|_)dp_?sgd|maml|reptile|(^|_)(inner|fast)_?(lr|opt|step|weights)"
    r"|word2vec|skip_?gram|langevin|sgld|(^|_)(sam|lars|lookahead)(_|$)|influence|unroll",
    re.IGNORECASE,
)
"""Words of programs in which plain steps are part of the method."""


@check("OP407", level=HINT)
def plain_sgd(recipe: Recipe, *, layers: int = 3) -> Iterator[Finding]:
    """SGD has no momentum, and the network is deep.

    Why: the loss of a deep network has long narrow valleys. Without momentum the steps go from side to side
    and make little way along them; with 0.9 the same network needs a fraction of the epochs.
    Source: Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum in
    deep learning"; Goodfellow, Bengio and Courville 2016, "Deep Learning", section 8.3.2.

    Options: layers: networks with fewer layers of weights than this (3) are left alone.

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(
                nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
            )
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)  # hint: [OP407]
            for epoch in range(20):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        Momentum; a network of one hidden layer.
        ```python
        import torch
        from torch import nn

        def train(loader):
            deep = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
            flat = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            for model, optimizer in (
                (deep, torch.optim.SGD(deep.parameters(), lr=0.01, momentum=0.9)),
                (flat, torch.optim.SGD(flat.parameters(), lr=0.01)),
            ):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    if any(map(MEANT.search, recipe.words)):
        return
    for optimizer in recipe.optimizers:
        if optimizer.kind != "sgd" or optimizer.momentum != 0 or optimizer.schedule in SETS_MOMENTUM:
            continue
        deep = [n for n in networks_of(optimizer, recipe) if len(weight_layers(n)) >= layers]
        if deep and steps(optimizer, recipe):
            yield Finding(
                optimizer.place,
                f"SGD without momentum on a network of {len(weight_layers(deep[0]))} layers",
                "pass momentum=0.9",
                trail=(Step(deep[0].place, f"{deep[0].name} is what it trains"),),
                subject=("momentum", optimizer.place),
            )
