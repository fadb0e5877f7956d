"""TL504: the gradients are cleared before the optimiser uses them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.order import cleared_before, serves_another
from nnlint_checks.loop.unused_gradients import unused_gradients


@check("TL504", level=ERROR)
def zero_grad_between_backward_and_step(recipe: Recipe) -> Iterator[Finding]:
    """Gradients are cleared after backward and before step, or the step comes ahead of backward.

    Why: ``step`` applies what is in ``.grad``. When ``zero_grad`` was the last to touch it, the step does
    nothing (or, with momentum and weight decay, only repeats the past), and the network does not learn.
    Source: PyTorch documentation of torch.optim ("Taking an optimization step").

    Fires:
        Cleared between the two.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for x, y in loader:
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    optimizer.zero_grad()
                    optimizer.step()  # error: [TL504]
        ```
        The step comes first.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                optimizer.step()  # error: [TL504]
                loss.backward()
        ```
        Accumulated over four batches, and cleared in each of them.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for number, (x, y) in enumerate(loader):
                    optimizer.zero_grad()  # error: [TL504]
                    loss = nn.functional.cross_entropy(model(x), y) / 4
                    loss.backward()
                    if number % 4 == 3:
                        optimizer.step()
        ```
        The step is not indented far enough.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                optimizer.step()  # error: [TL504]
        ```
    Silent:
        Cleared at the end of the round.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                criterion(model(x), y).backward()
                optimizer.step()
                optimizer.zero_grad()
        ```
        The step belongs to the gradients of the round before.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.step()
                optimizer.zero_grad()
                criterion(model(x), y).backward()
        ```
        Cleared when it is time to.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer, every):
            for i, (x, y) in enumerate(loader):
                if i % every == 0:
                    optimizer.zero_grad()
                criterion(model(x), y).backward()
                if i % every == every - 1:
                    optimizer.step()
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    spoken = set()
    for step in recipe.events:
        if step.did is not Did.STEP or not step.loops or step.details.get("closure"):
            continue
        zero = cleared_before(recipe, step)
        if zero is None or step.place in spoken or serves_another(recipe, step):
            continue
        spoken.add(step.place)
        yield _finding(recipe, step, zero)
    for step, zero, backward in unused_gradients(recipe):
        if step.place not in spoken:
            spoken.add(step.place)
            yield _unused(step, zero, backward)


def _unused(step: Event, zero: Event, backward: Event) -> Finding:
    inner = step.loops == backward.loops
    return Finding(
        zero.place if inner else step.place,
        "cleared in every round, stepped every few: the gradients of the other rounds are lost"
        if inner
        else "one step behind the loop over batches: the gradients of all batches but the last are lost",
        "clear right after the step, in the same branch"
        if inner
        else "step for each batch, after backward()",
        trail=(
            Step(backward.place, "gradients are computed here"),
            Step(step.place, "a step is taken every few rounds")
            if inner
            else Step(zero.place, "and cleared here"),
        ),
        subject=("order", step.place),
    )


def _finding(recipe: Recipe, step: Event, zero: Event) -> Finding:
    passes = [e for e in recipe.events if e.did is Did.BACKWARD and step.loops[-1] in e.loops]
    number = recipe.events.index(step)
    late = all(recipe.events.index(e) > number for e in passes)
    message = (
        "step() comes before backward() in the round: its gradients have just been cleared"
        if late
        else "the gradients are cleared between backward() and step(): the step has nothing to apply"
    )
    return Finding(
        step.place,
        message,
        "keep the order zero_grad(), backward(), step()",
        trail=(Step(passes[0].place, "gradients are computed here"), Step(zero.place, "and cleared here")),
        subject=("order", step.place),
    )
