"""OP413: many epochs of SGD at one and the same learning rate."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import networks_of, weight_layers

SETS_THE_RATE = pattern(
    r"sched|anneal|warm_?up|decay_?(lr|rate|learning)|lr_?(decay|drop|step|lambda|find)|adjust_?(lr|learning|rate)"
    r"|(update|set|change|get|reduce|new|current)_?(lr|learning_?rate)|param_groups|plateau|cycl|cosine|swa",
    re.IGNORECASE,
)
"""Words of programs that change the rate."""
MANY = 30
"""He et al. 2016 divide the rate of SGD after 30 of 90 epochs on ImageNet; so does PyTorch's example."""


@check("OP413", level=HINT)
def constant_learning_rate(recipe: Recipe, *, epochs: int = MANY) -> Iterator[Finding]:
    """SGD trains for many epochs, and nothing ever lowers its learning rate.

    Why: at a constant rate SGD ends in a cloud around the minimum, as wide as the rate is large. A schedule
    takes it down: that is where the last points of accuracy come from.
    Source: He, Zhang, Ren and Sun 2016, "Deep Residual Learning", section 3.4; Loshchilov and Hutter 2017,
    "SGDR"; PyTorch documentation of torch.optim.lr_scheduler.

    Options: epochs: from how many epochs on (30).

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)  # hint: [OP413]
            for epoch in range(90):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
            scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60])
            for epoch in range(90):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                scheduler.step()
        ```
        Ten epochs are too few to end up in a cloud.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
            for epoch in range(10):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    if not recipe.finished or any(map(SETS_THE_RATE.search, recipe.words)):
        return
    for optimizer in recipe.optimizers:
        if optimizer.kind != "sgd" or optimizer.learning_rate is None or optimizer.schedule:
            continue
        loops = [loop for e in recipe.events if _is_step(e, optimizer) for loop in e.loops[:1]]
        passes = next((loop for loop in loops if _epochs(loop) >= epochs), None)
        if (
            passes is not None
            and _has_hidden_layers(optimizer, recipe)
            and not _given_away(optimizer, recipe)
        ):
            yield Finding(
                optimizer.place,
                f"SGD keeps the rate {optimizer.learning_rate:g} for all of {passes.count} epochs",
                "lower the rate with a schedule, such as CosineAnnealingLR",
                trail=(Step(passes.place, f"{passes.count} epochs"),),
                subject=("schedule", optimizer.place),
            )


def _is_step(event: Event, optimizer: Optimizer) -> bool:
    return event.did is Did.STEP and optimizer.key in event.subjects


def _epochs(loop: Loop) -> int:
    return loop.count or 0 if loop.loader is None else 0


def _has_hidden_layers(optimizer: Optimizer, recipe: Recipe) -> bool:
    """Where the loss is convex a constant rate will do."""
    return any(len(weight_layers(n)) > 1 for n in networks_of(optimizer, recipe))


def _given_away(optimizer: Optimizer, recipe: Recipe) -> bool:
    return any(e.did is Did.OPAQUE and optimizer.key in e.subjects for e in recipe.events)
