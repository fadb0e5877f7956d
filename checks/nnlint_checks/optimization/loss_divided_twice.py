"""OP417: a mean loss is divided once more than gradients are accumulated."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.accumulating import accumulation, scalings


@check("OP417", level=HINT)
def loss_divided_twice(recipe: Recipe) -> Iterator[Finding]:
    """The loss of an accumulated batch is divided twice before backward.

    Why: the sum of k mean gradients is their mean when each loss is divided by k, once. Divided twice, the
    learning rate is k times smaller than it says.
    Source: PyTorch documentation, "Automatic Mixed Precision examples" (gradient accumulation).

    Fires:
        ```python
        import torch
        from torch import nn

        def loss_of(model, x, y, parts):
            return nn.functional.cross_entropy(model(x), y) / parts

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for i, (x, y) in enumerate(loader):
                loss = loss_of(model, x, y, 4) / 4
                loss.backward()  # hint: [OP417]
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
    Silent:
        Divided once, and weighed.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for i, (x, y) in enumerate(loader):
                loss = 0.5 * nn.functional.cross_entropy(model(x), y) / 4
                loss.backward()
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
    """
    if recipe.framework_steps or recipe.launched or not recipe.finished:
        return
    for event in recipe.events:
        if event.did is not Did.BACKWARD or not event.loops:
            continue
        step = accumulation(recipe, event)
        if step is not None and (scalings(event, ("divide",), least=True) or 0) >= 2:
            yield Finding(
                event.place,
                "the accumulated loss is divided twice: the step is as many times too small",
                "divide the loss by the number of accumulated batches once",
                trail=(Step(step.place, "a step is taken every few rounds"),),
                subject=("accumulation", event.place),
            )
            return
