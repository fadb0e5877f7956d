"""TL546: LBFGS steps without the function that it has to call."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding


@check("TL546", level=ERROR)
def lbfgs_without_closure(recipe: Recipe) -> Iterator[Finding]:
    """LBFGS.step() is called without a closure.

    Why: LBFGS evaluates the loss several times for one step, and so needs a function that clears the
    gradients, computes the loss, differentiates and returns it. Without one the call raises a TypeError.
    Source: PyTorch documentation of torch.optim ("optimizer.step(closure)").

    Fires:
        ```python
        import torch
        from torch import nn

        def fit(x, y):
            model = nn.Linear(4, 1)
            optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8)
            for _ in range(20):
                optimizer.zero_grad()
                nn.functional.mse_loss(model(x), y).backward()
                optimizer.step()  # error: [TL546]
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def fit(x, y):
            model = nn.Linear(4, 1)
            optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8)

            def closure():
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()
                return loss

            for _ in range(20):
                optimizer.step(closure)
        ```
    """
    made = {o.key: o for o in recipe.optimizers if o.kind == "lbfgs"}
    spoken = set()
    for event in recipe.events:
        if event.did is not Did.STEP or event.details.get("closure") or event.details.get("scaled"):
            continue
        optimizer = made.get(event.subjects[0]) if event.subjects else None
        if optimizer is not None and event.place not in spoken:
            spoken.add(event.place)
            yield Finding(
                event.place,
                "LBFGS.step() without a closure raises: it has to compute the loss several times",
                "pass a function that clears the gradients, differentiates the loss and returns it",
                trail=(Step(optimizer.place, "LBFGS"),),
                subject=("closure", event.place),
            )
