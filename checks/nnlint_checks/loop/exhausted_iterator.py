"""TL543: an iterator that has been used up feeds a training loop, an optimizer or clipping."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.rounds import Spent
from nnlint.finding import Finding

NOTHING = {
    "batches": "trains on nothing from the second round on",
    "optimizer": "the optimizer gets no parameters",
    "clip": "nothing is clipped",
}


@check("TL543", level=ERROR)
def exhausted_iterator(spent: Spent) -> Iterator[Finding]:
    """Batches or parameters come from an iterator whose elements have been taken before.

    Why: ``iter``, ``zip``, ``map``, generators and ``model.parameters()`` give their elements once. A second
    epoch over them has no batches and ends at once, without an error; an optimizer of a used-up generator
    raises, and clipping of one does nothing.
    Source: Python documentation, glossary ("iterator": "attempting this with an iterator will just return
    the same exhausted iterator object").

    Fires:
        All epochs share one iterator.
        ```python
        import torch
        from torch import nn

        def train(train_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            batches = iter(train_loader)
            for epoch in range(20):
                for x, y in batches:  # error: [TL543]
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        The parameters are counted, and gone.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(20, 3)
        weights = model.parameters()
        print(sum(w.numel() for w in weights))
        optimizer = torch.optim.SGD(weights, lr=0.01)  # error: [TL543]
        ```
        The optimizer has taken them.
        ```python
        import torch
        from torch import nn

        def train(model, loader, criterion):
            weights = model.parameters()
            optimizer = torch.optim.SGD(weights, lr=0.01)
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                nn.utils.clip_grad_norm_(weights, 1.0)  # error: [TL543]
                optimizer.step()
        ```
    Silent:
        A new iterator for each epoch, and lists.
        ```python
        import torch
        from torch import nn

        def train(model, train_loader, criterion):
            weights = list(model.parameters())
            optimizer = torch.optim.SGD(weights, lr=0.01)
            for epoch in range(20):
                batches = iter(train_loader)
                for x, y in batches:
                    optimizer.zero_grad()
                    criterion(model(x), y).backward()
                    nn.utils.clip_grad_norm_(weights, 1.0)
                    optimizer.step()
        ```
        A round takes some batches of what does not end.
        ```python
        import itertools

        import torch

        def train(model, train_loader, criterion, optimizer, steps):
            batches = enumerate(itertools.cycle(train_loader))
            some = iter(train_loader)
            for epoch in range(20):
                for number, (x, y) in batches:
                    optimizer.zero_grad()
                    criterion(model(x), y).backward()
                    optimizer.step()
                    if number % steps == steps - 1:
                        break
                for x, y in some:
                    optimizer.zero_grad()
                    criterion(model(x), y).backward()
                    optimizer.step()
                    break
        ```
    """
    by = (
        Step(spent.first, "all of its elements are taken here")
        if spent.first is not None
        else Step(spent.loop, "made before this loop, used up in its first round")
        if spent.loop is not None
        else None
    )
    written = spent.written if len(spent.written) <= LONGEST else "an iterator"
    yield Finding(
        spent.place,
        f"{spent.name} = {written} is used up before: {NOTHING[spent.use]}",
        "take the loader itself, make the iterator where it is used, or keep list(...) of it",
        trail=(Step(spent.made, "made once"), *((by,) if by is not None else ())),
    )


LONGEST = 30
"""Characters of an expression that a message quotes."""
