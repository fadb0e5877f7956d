"""NR315: fused attention that drops weights in evaluation, too."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.repair import Argument, Repair, Self, SetArgument
from nnlint_checks.regularization.dropout_always_on import RANDOM_ON_PURPOSE


@check("NR315", level=ERROR, fix=SAFE)
def attention_dropout_always_on(network: Network) -> Iterator[Finding]:
    """``scaled_dot_product_attention`` is given a dropout rate that does not depend on the mode.

    Why: the function knows no mode: it drops attention weights whenever ``dropout_p`` is above 0, also after
    ``model.eval()``. Predictions are random and worse than the network.
    Source: PyTorch documentation of scaled_dot_product_attention ("dropout_p").

    Fires:
        A constant rate.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64, p=0.1):
                super().__init__()
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
                self.v = nn.Linear(width, width)
                self.p = p

            def forward(self, x):
                q, k, v = self.q(x), self.k(x), self.v(x)
                return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)  # error: [NR315]
        ```
        ```diff
        -        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
        +        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p if self.training else 0.0)
        ```
    Silent:
        Only in training, said in two ways.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64, p=0.1):
                super().__init__()
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
                self.v = nn.Linear(width, width)
                self.p = p

            def forward(self, x):
                q, k, v = self.q(x), self.k(x), self.v(x)
                rate = self.p if self.training else 0.0
                x = F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
                return F.scaled_dot_product_attention(x, k, v, dropout_p=self.p * self.training)
        ```
        No rate, no dropout.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.qkv = nn.Linear(width, 3 * width)

            def forward(self, x):
                q, k, v = self.qkv(x).chunk(3, dim=-1)
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        ```
    """
    for operation in network.operations:
        rate = operation.attributes.get("p")
        fused = operation.kind == "scaled_dot_product" and operation.attributes.get("gated") is False
        if fused and isinstance(rate, int | float) and rate > 0 and not _meant(operation, network):
            yield Finding(
                operation.place,
                f"scaled_dot_product_attention(dropout_p={rate:g}) drops in evaluation, too",
                f"pass dropout_p={rate:g} if self.training else 0.0",
                repairs=(_repair(operation.place),),
            )


def _repair(place: Place) -> Repair:
    given = Argument(place, 4, "dropout_p")
    code = (given, " if ", Self(place), ".training else 0.0")
    return Repair((SetArgument(place, "dropout_p", code, 4),))


def _meant(operation: Operation, network: Network) -> bool:
    names = (network.name, str(operation.attributes.get("owner", "")))
    return any(RANDOM_ON_PURPOSE.search(name) for name in names)
