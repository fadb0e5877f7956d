"""TL538: gradients of several batches are summed, and the loss is not divided by their number."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.accumulating import accumulation, scalings


@check("TL538", level=WARNING)
def accumulation_not_scaled(recipe: Recipe) -> Iterator[Finding]:
    """Gradients are accumulated over several batches, and the mean loss is not divided by their number.

    Why: ``backward`` adds, so the step follows the sum of k mean gradients: the learning rate is k times what
    it says, and clipping and weight decay are out of proportion with it.
    Source: PyTorch documentation, "Automatic Mixed Precision examples" (gradient accumulation).

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for i, (x, y) in enumerate(loader):
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()  # warning: [TL538]
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for i, (x, y) in enumerate(loader):
                loss = nn.functional.cross_entropy(model(x), y) / 4
                loss.backward()
                if (i + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
        Nothing is accumulated: only the report is periodic.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for i, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                if i % 100 == 0:
                    print(loss.item())
        ```
    """
    if recipe.framework_steps or recipe.launched or not recipe.finished:
        return
    spoken = set()
    for event in recipe.events:
        if event.did is not Did.BACKWARD or not event.loops or event.place in spoken:
            continue
        step = accumulation(recipe, event)
        if step is not None and scalings(event) == 0 and not _scaled_later(recipe, event):
            spoken.add(event.place)
            yield _finding(event, step)


def _scaled_later(recipe: Recipe, backward: Event) -> bool:
    """The loop sets gradients by hand (``p.grad /= 4``): that is its own way to scale them."""
    here = [e for e in recipe.events if backward.loops[-1] in e.loops]
    return any(e.did is Did.GRADIENT or _may_scale(e) for e in here)


def _may_scale(event: Event) -> bool:
    """``p.grad.div_(4)``."""
    in_place = str(event.details.get("method", "")).endswith("_")
    return event.did is Did.OPAQUE and in_place and event.details.get("receiver") == "grad"


def _finding(event: Event, step: Event) -> Finding:
    return Finding(
        event.place,
        "gradients of several batches are summed, and the loss is not divided by their number",
        "divide the loss by the number of accumulated batches before backward()",
        trail=(Step(step.place, "a step is taken every few rounds"),),
        subject=("accumulation", event.place),
    )
