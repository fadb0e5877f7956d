"""TL540: every batch waits for the GPU, for the sake of a number."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.source import Did, Recipe
from nnlint.evidence.usage import Synchronised
from nnlint.finding import Finding


@check("TL540", level=HINT)
def synchronisation_in_inner_loop(wait: Synchronised, recipe: Recipe) -> Iterator[Finding]:
    """A number is taken out of a tensor for every batch of the training loop.

    Why: kernels run ahead of Python. ``.item()``, ``.cpu()`` and printing wait until all of them are done,
    and ``empty_cache()`` gives memory back that is asked for again at once: the GPU idles between batches.
    Source: PyTorch performance tuning guide ("Avoid unnecessary CPU-GPU synchronization").

    Fires:
        A number for each batch.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Linear(20, 3).cuda()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            total = 0.0
            for x, y in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x.cuda()), y.cuda())
                loss.backward()
                optimizer.step()
                total += loss.item()  # hint: [TL540]
                torch.cuda.empty_cache()  # hint: [TL540]
            return total
        ```
    Silent:
        Every hundredth batch, or after the loop.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Linear(20, 3).cuda()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            total = torch.zeros((), device="cuda")
            for step, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x.cuda()), y.cuda())
                loss.backward()
                optimizer.step()
                total += loss.detach()
                if step % 100 == 0:
                    print(loss.item())
            return total.item()
        ```
    """
    inner = [e.loops[-1].place for e in recipe.events if e.did is Did.STEP and e.loops]
    if wait.loop in inner:
        yield Finding(
            wait.place,
            f"{wait.written}() in every batch waits for the GPU",
            "collect detached tensors, and take numbers out every few steps",
        )
