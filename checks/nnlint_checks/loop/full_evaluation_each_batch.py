"""TL523: all of the held-out data is gone through after every batch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding


@check("TL523", level=WARNING)
def full_evaluation_each_batch(recipe: Recipe) -> Iterator[Finding]:
    """Inside the loop over training batches there is a whole pass over the evaluation data.

    Why: training takes as many times longer as there are evaluation batches. Most often the lines have
    slipped in by one level of indentation; where the pass calls ``eval()``, training goes on without
    dropout and batch statistics.
    Source: PyTorch, "Training with PyTorch" tutorial (validation once an epoch).

    Fires:
        One level too deep.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Linear(20, 2)
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(10):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                    with torch.no_grad():
                        for a, b in test_loader:  # warning: [TL523]
                            print((model(a).argmax(1) == b).float().mean())
        ```
    Silent:
        Every 500 steps, and at the end of each epoch.
        ```python
        import torch
        from torch import nn

        def evaluate(model, loader):
            with torch.no_grad():
                return sum((model(a).argmax(1) == b).sum().item() for a, b in loader)

        def main(train_loader, test_loader):
            model = nn.Linear(20, 2)
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(10):
                for step, (x, y) in enumerate(train_loader):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                    if step % 500 == 0:
                        with torch.no_grad():
                            for a, b in test_loader:
                                print((model(a).argmax(1) == b).float().mean())
                print(evaluate(model, test_loader))
        ```
    """
    # What fit does inside is its own business.
    fed = [feed for feed in recipe.feeds if not feed.api.startswith("keras")]
    training = {feed.place: feed for feed in fed if feed.purpose == "train"}
    seen: set[Place] = set()
    for feed in fed:
        around = [training[loop.place] for loop in feed.loops if loop.place in training]
        if feed.purpose != "evaluate" or not around or feed.place in seen:
            continue
        if set(feed.branches) <= set(around[-1].branches):
            seen.add(feed.place)
            yield Finding(
                feed.place,
                "the whole evaluation data is gone through after each training batch",
                "evaluate once an epoch, or every few hundred steps",
                trail=(Step(around[-1].place, "the loop over training batches"),),
            )
