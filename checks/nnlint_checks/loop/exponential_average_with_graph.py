"""TL541: a moving average that keeps the graph of all that was ever averaged."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.keeping import kept_in_training


@check("TL541", level=ERROR)
def exponential_average_with_graph(recipe: Recipe) -> Iterator[Finding]:
    """A moving average of losses, features or weights is updated without detach or no_grad.

    Why: each value of the average refers to the one before, and so to the graphs of all rounds so far: memory
    grows until the program runs out of it, and where the average enters a loss the second backward raises.
    Source: PyTorch documentation, "Frequently Asked Questions: my model reports out of memory".

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            smooth = 0.0
            for x, y in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                smooth = 0.98 * smooth + 0.02 * loss  # error: [TL541]
                print(smooth)
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            smooth, center = 0.0, torch.zeros(3)
            for x, y in loader:
                optimizer.zero_grad()
                scores = model(x)
                loss = nn.functional.cross_entropy(scores - center, y)
                loss.backward()
                optimizer.step()
                smooth = 0.98 * smooth + 0.02 * loss.item()
                with torch.no_grad():
                    center = 0.9 * center + 0.1 * scores.mean(0)
                print(smooth)
        ```
        What a function computes from its argument is gone with the call.
        ```python
        import torch
        from torch import nn

        class Engine:
            def __init__(self, steps):
                self.steps = steps

            def backward(self, loss):
                loss = loss / self.steps
                loss.backward()

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            engine = Engine(4)
            for number, (x, y) in enumerate(loader):
                loss = nn.functional.cross_entropy(model(x), y)
                engine.backward(loss)
                if number % 4 == 3:
                    optimizer.step()
                    optimizer.zero_grad()
        ```
    """
    if not recipe.finished:
        return
    spoken = set()
    for number, event in enumerate(recipe.events):
        if event.did is not Did.KEEP or event.details["how"] != "average" or event.place in spoken:
            continue
        if kept_in_training(recipe, number):
            spoken.add(event.place)
            yield Finding(
                event.place,
                f"the average `{event.details['name'][:30]}` keeps the graphs of all rounds: memory grows",
                "average value.detach(), or update under torch.no_grad()",
                trail=(Step(event.loops[-1].place, "each round of this loop adds to it"),),
                subject=("kept", event.place),
            )
