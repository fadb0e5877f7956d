"""TL536: a method or context is named and not called, so nothing happens."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import Uncalled
from nnlint.finding import Finding

EFFECTS = {
    "zero_grad": "the gradients are never cleared here",
    "step": "nothing is updated here",
    "backward": "no gradients are computed here",
    "eval": "the model stays in train mode",
    "train": "the model stays in the mode it is in",
    "cuda": "nothing is moved",
}


@check("TL536", level=ERROR)
def no_grad_without_call(use: Uncalled) -> Iterator[Finding]:
    """A method or context manager is named without parentheses, or made and never entered.

    Why: ``model.eval`` as a statement looks the method up and throws it away: dropout stays on, gradients
    stay uncleared, parameters stay as they are, and no error says so. ``with torch.no_grad:`` enters a class
    instead of an object and fails; ``torch.no_grad()`` as a statement ends before the next line begins.
    Source: Python language reference, expression statements; PyTorch documentation of torch.no_grad.

    Fires:
        The mode is not switched, and the context is a class.
        ```python
        import torch
        from torch import nn

        def evaluate(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            model.eval  # error: [TL536]
            hits = 0
            with torch.no_grad:  # error: [TL536]
                for x, y in loader:
                    hits += (model(x).argmax(1) == y).sum().item()
            return hits
        ```
        Nothing is cleared; the optimiser is given a method.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Linear(20, 3)
            optimizer = torch.optim.SGD(model.parameters, lr=0.1)  # error: [TL536]
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step  # error: [TL536]
        ```
    Silent:
        As a decorator the class serves as well; methods may be handed on.
        ```python
        import torch
        from torch import nn

        @torch.no_grad
        def predict(model, x):
            return model(x)

        def make(size):
            model = nn.Linear(size, 3)
            restore = model.train
            model.eval()
            return model, restore
        ```
        A property with the name of a method.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 2)
                self.step

            @property
            def step(self):
                self.count = 0

            def forward(self, x):
                return self.fc(x)
        ```
    """
    if use.where == "context":
        message = f"with {use.written}: enters the class, not a context: the program fails here"
        help_ = f"write with {use.written}():"
    elif use.where == "entered":
        message = f"{use.written}() as a statement has no effect on the lines after it"
        help_ = f"put the code below with {use.written}():"
    elif use.where == "argument":
        message = f"{use.written} is passed, not what it gives: it is never called"
        help_ = f"pass {use.written}()"
    else:
        effect = EFFECTS.get(use.name, "the line does nothing")
        message = f"{use.written} is named, not called: {effect}"
        help_ = f"write {use.written}()"
    yield Finding(use.place, message, help_)
