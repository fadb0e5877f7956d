"""HL123: the logarithm, or the root, of scores that may be negative."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.scores import AFFINE, FIXED

NEEDS_POSITIVE = {"log": "log", "log1p": "log1p", "sqrt": "sqrt"}
SHIFTING = ("add", "subtract")


@check("HL123", level=ERROR)
def log_of_scores(recipe: Recipe) -> Iterator[Finding]:
    """A loss takes the logarithm or the square root of what a layer gives as it is.

    Why: a linear layer gives any number, about half of them negative at the start. The logarithm of those is
    NaN, and after one step all weights are. Adding a small number to the scores changes nothing about it.
    Source: PyTorch documentation of torch.log; Goodfellow, Bengio, Courville, "Deep Learning", 2016, section
    6.2.2.2 (the loss of a Bernoulli output is taken of a sigmoid).

    Fires:
        Binary cross-entropy by hand, and no sigmoid anywhere.
        ```python
        import torch
        from torch import nn

        def bce(p, y):
            return -(y * torch.log(p + 1e-7) + (1 - y) * torch.log(1 - p + 1e-7)).mean()  # error: [HL123]

        model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(100):
            x, y = torch.randn(32, 20), torch.ones(32, 1)
            loss = bce(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ```
    Silent:
        A sigmoid before it, values that cannot be negative, and a layer that nothing trains.
        ```python
        import torch
        from torch import nn

        bands = nn.Linear(257, 40, bias=False)
        for weight in bands.parameters():
            weight.requires_grad_(False)
        model = nn.Linear(20, 1)
        x, y = torch.randn(32, 20), torch.ones(32, 1)
        p = torch.sigmoid(model(x)).clamp(1e-6, 1 - 1e-6)
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
        loss = loss + torch.log(model(x) ** 2 + 1e-6).mean() + torch.log(bands(torch.rand(8, 257))).mean()
        loss.backward()
        ```
    """
    spoken: set[Place] = set()
    for differentiated in recipe.differentiated:
        for operation in differentiated.value.ancestors():
            layer = _scores(operation) if operation.kind in NEEDS_POSITIVE else None
            if layer is None or operation.place in spoken or home(layer) in spoken:
                continue
            spoken |= {operation.place, home(layer)}
            yield Finding(
                operation.place,
                f"{operation.kind} of the scores of {api(layer.operation)}: NaN for every negative one",
                "take sigmoid or softmax of the scores first, or a loss that does it itself",
                (Step(home(layer), "the layer gives any number here"),),
                subject=("head", home(layer)),
            )


def _scores(operation: Operation) -> Tensor | None:
    """What a trained layer gives, moved, turned around and shifted by numbers at most."""
    if not operation.inputs or not operation.proven:
        return None
    heads = last_shaping(operation.inputs[0])
    while len(heads) == 1 and heads[0].operation.kind in (*SHIFTING, "negative"):
        rest = [t for t in heads[0].operation.inputs if t.operation.kind not in FIXED]
        if len(rest) != 1:
            return None
        heads = last_shaping(rest[0])
    return heads[0] if all(_is_trained(head.operation) for head in heads) else None


def _is_trained(operation: Operation) -> bool:
    weights = operation.layer.parameters if operation.layer is not None else ()
    first = all(w.initialization.kind == "default" for w in weights)
    return operation.kind in AFFINE and bool(weights) and first and all(w.trainable for w in weights)
