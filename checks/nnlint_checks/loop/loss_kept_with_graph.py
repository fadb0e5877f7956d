"""TL508: losses are added up or listed with the graph that each of them came from."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.keeping import kept_in_training


@check("TL508", level=WARNING)
def loss_kept_with_graph(recipe: Recipe) -> Iterator[Finding]:
    """Losses of all rounds are summed or collected as tensors that still know how they were computed.

    Why: each of them keeps all activations of its forward pass alive (or at least its graph), so memory grows
    with every batch until the program runs out of it.
    Source: PyTorch documentation, "Frequently Asked Questions: my model reports out of memory".

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                total = 0.0
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    optimizer.step()
                    total += loss  # warning: [TL508]
                print(epoch, total / len(loader))
        ```
        A history of losses.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            losses = []
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
                losses.append(loss)  # warning: [TL508]
            return losses
        ```
    Silent:
        Numbers are kept.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            total, losses = 0.0, []
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item()
                losses.append(loss.detach())
            return total, losses
        ```
        The sum is what is differentiated.
        ```python
        import torch
        from torch import nn

        def train(loader, steps):
            model = nn.Linear(20, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for _ in range(steps):
                total = 0
                for x, y in loader:
                    total += nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                total.backward()
                optimizer.step()
        ```
    """
    if not recipe.finished:
        return
    spoken = set()
    for number, event in enumerate(recipe.events):
        if event.did is not Did.KEEP or event.details["how"] not in ("sum", "list") or event.place in spoken:
            continue
        if kept_in_training(recipe, number) and not _are_few(recipe, event):
            spoken.add(event.place)
            yield _finding(event)


def _are_few(recipe: Recipe, event: Event) -> bool:
    """One for each of a number of things that is written down, in a loop that trains nothing: no epochs."""
    loop = event.loops[-1]
    trains = any(loop in e.loops for e in recipe.events if e.did is Did.BACKWARD)
    return event.details["how"] == "list" and loop.counted and loop.count is not None and not trains


def _finding(event: Event) -> Finding:
    name = event.details["name"]
    where = f"`{name}`" if name and len(name) < 30 else "what is carried from round to round"
    verb = "collects" if event.details["how"] == "list" else "adds up"
    return Finding(
        event.place,
        f"{where} {verb} losses with their graphs: memory grows with every round",
        "add loss.item(), or loss.detach() where a tensor is needed",
        trail=(Step(event.loops[-1].place, "each round of this loop adds one"),),
        subject=("kept", event.place),
    )
