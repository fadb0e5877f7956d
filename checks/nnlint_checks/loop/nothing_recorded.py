"""TL530: a network is trained, and nobody is told how it goes."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding


@check("TL530", level=HINT)
def nothing_recorded(recipe: Recipe) -> Iterator[Finding]:
    """A training script prints, logs and keeps neither a training nor a validation loss.

    Why: whether the loss falls, stands still or is NaN is the first thing to know of a training run, and most
    defects show there. A run that says nothing has to be done again to find out.
    Source: Karpathy 2019, "A Recipe for Training Neural Networks" (become one with the loss curves); Google,
    "Deep Learning Tuning Playbook" (examining the training curves).

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(10):  # hint: [TL530]
            print("epoch", epoch)
            for x, y in loader:
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        torch.save(model.state_dict(), "digits.pt")
        ```
    Silent:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(10):
            seen = 0.0
            for x, y in loader:
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                seen += loss.item()
            print("epoch", epoch, seen / len(loader))
        ```
        A function that gives its loss to whoever calls it.
        ```python
        import torch
        from torch import nn

        def train(model, loader):
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return loss.item()
        ```
    """
    if recipe.entry != "main" or recipe.framework_steps or recipe.records or not recipe.finished:
        return
    step = next((e for e in recipe.events if e.did is Did.STEP and e.loops), None)
    if step is not None:
        yield Finding(
            step.loops[0].place,
            "training prints, logs and keeps no loss: nobody can tell how it goes",
            "print the mean loss of each epoch, and that of the validation data",
            subject=("record", step.loops[0].place),
        )
