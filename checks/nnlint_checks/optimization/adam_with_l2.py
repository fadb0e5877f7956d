"""OP412: weight decay goes through Adam's scaling of the gradients."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, UNSAFE, check
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.repair import Named, Part, Repair, Replace


@check("OP412", level=HINT, fix=UNSAFE)
def adam_with_l2(recipe: Recipe) -> Iterator[Finding]:
    """``Adam(weight_decay=...)`` adds L2 to the gradient; AdamW shrinks the weights themselves.

    Why: Adam divides what it is given by the size of the gradients, the penalty included. Weights with large
    gradients are then hardly decayed at all, and the best decay depends on the learning rate.
    Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"; PyTorch documentation of
    Adam and AdamW.

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-2)  # hint: [OP412]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        ```diff
        -    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-2)
        +    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
        ```
    Silent:
        Decoupled; L2 in SGD, where both are the same.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            for optimizer in (
                torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2),
                torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4),
                torch.optim.Adam(model.parameters(), lr=1e-3),
            ):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    for optimizer in recipe.optimizers:
        if optimizer.kind == "adam" and optimizer.api == "torch.optim.Adam" and optimizer.weight_decay:
            yield Finding(
                optimizer.place,
                f"Adam(weight_decay={optimizer.weight_decay:g}) is L2 in the gradient, which Adam rescales",
                "use AdamW, and choose the decay anew (0.01 is its default)",
                subject=("decay", optimizer.place),
                repairs=(Repair((Replace(optimizer.place, (Named("torch.optim.AdamW"),), Part.FUNCTION),)),),
            )
