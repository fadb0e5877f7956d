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
        Accelerate divides by the number it is told.
        ```python
        import torch
        from accelerate import Accelerator
        from torch import nn

        def train(model, loader):
            accelerator = Accelerator(gradient_accumulation_steps=4)
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
            model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
            for x, y in loader:
                with accelerator.accumulate(model):
                    loss = nn.functional.cross_entropy(model(x), y) / 4
                    accelerator.backward(loss)  # hint: [OP417]
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
    yield from _by_accelerate(recipe)
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


def _by_accelerate(recipe: Recipe) -> Iterator[Finding]:
    """``accelerator.backward(loss / 4)`` of an accelerator that divides by 4 itself."""
    for event in recipe.events:
        divisor, value = event.details.get("divisor"), event.details.get("value")
        if event.did is not Did.BACKWARD or divisor is None or value is None:
            continue
        operation = value.operation
        by = operation.inputs[1].operation.attributes.get("value") if len(operation.inputs) == 2 else None
        if operation.kind == "divide" and by == divisor and operation.inputs[0].operation.kind == "loss":
            yield Finding(
                event.place,
                f"backward() of the accelerator divides by {divisor} itself: the loss is divided twice",
                "give the loss as it is: gradient_accumulation_steps divides it",
                trail=(Step(operation.place, f"divided by {divisor} here"),),
                subject=("accumulation", event.place),
            )
            return
