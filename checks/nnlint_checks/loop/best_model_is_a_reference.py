"""TL531: the best weights are kept by reference, and training overwrites them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import KeptReference
from nnlint.finding import Finding


@check("TL531", level=ERROR)
def best_model_is_a_reference(kept: KeptReference) -> Iterator[Finding]:
    """Weights are kept without a copy while training goes on, and used later as if they had stayed.

    Why: ``state_dict()`` holds the live tensors of the model. Each step of the optimiser changes them in
    place, so what is restored or saved in the end is the last state, not the best one.
    Source: PyTorch tutorial "Saving and Loading Models" ("you must serialize best_model_state or use
    deepcopy").

    Fires:
        The best state follows the model.
        ```python
        import torch
        from torch import nn

        def fit(model, train_loader, validation_loader, epochs):
            optimizer = torch.optim.Adam(model.parameters())
            lowest, best = float("inf"), None
            for epoch in range(epochs):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                loss = validate(model, validation_loader)
                if loss < lowest:
                    lowest = loss
                    best = model.state_dict()  # error: [TL531]
            model.load_state_dict(best)
            return model
        ```
        Two names for one model.
        ```python
        import torch
        from torch import nn

        def fit(train_loader, validation_loader, epochs):
            model = nn.Linear(20, 3)
            optimizer = torch.optim.Adam(model.parameters())
            highest, best_model = 0.0, None
            for epoch in range(epochs):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                score = validate(model, validation_loader)
                if score > highest:
                    highest, best_epoch = score, epoch
                    best_model = model  # error: [TL531]
            return best_model
        ```
    Silent:
        A copy is kept, and a file is written at once.
        ```python
        import copy
        import torch
        from torch import nn

        def fit(model, train_loader, validation_loader, epochs):
            optimizer = torch.optim.Adam(model.parameters())
            lowest, best = float("inf"), None
            for epoch in range(epochs):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                loss = validate(model, validation_loader)
                if loss < lowest:
                    lowest = loss
                    best = copy.deepcopy(model.state_dict())
                    state = model.state_dict()
                    torch.save(state, "best.pt")
            model.load_state_dict(best)
            return model
        ```
        A new model for each candidate: nothing trains the best one any more.
        ```python
        import torch
        from torch import nn

        def search(train_loader, validation_loader, rates):
            highest, best = 0.0, None
            for rate in rates:
                model = nn.Linear(20, 3)
                optimizer = torch.optim.SGD(model.parameters(), lr=rate)
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                score = validate(model, validation_loader)
                if score > highest:
                    highest, best = score, model.state_dict()
                    best_state = model.state_dict()
            torch.save(best_state, "best.pt")
        ```
    """
    name, _, source = kept.written.partition(" = ")
    source = source if len(source) <= LONGEST else "the model's state_dict()"
    yield Finding(
        kept.place,
        f"{name} = {source} is no copy: every later step of the optimizer changes it, too",
        "keep copy.deepcopy(...) of it, or save it to a file at once",
        trail=kept.trail,
    )


LONGEST = 30
"""Characters of an expression that a message quotes."""
