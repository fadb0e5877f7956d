"""AR621: weights of attention that sum to one along another axis than the one they are summed over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import home
from nnlint.network.operations import Family, family
from nnlint.network.size import differ

PASSING = ("identity", "cast", "fill", "where")
"""Operations that leave the axes where they are: masks, precision."""
SUMMED = (-1, -2)
"""The axis that a product sums over, for its first and its second factor."""
SCALED = (Family.ARITHMETIC, Family.DROPOUT)
LAID_OUT = (Family.MOVE, Family.ARITHMETIC, Family.NORM, Family.DROPOUT)
"""Between products and their softmax; between a layer and the products of what it gives."""
MOST = 20  # operations between a layer and the softmax


@check("AR621", level=ERROR)
def attention_axis(network: Network) -> Iterator[Finding]:
    """The softmax of scores runs over one axis, and the product with the values sums over another.

    Why: attention gives each query a mean of the values, with weights that sum to one over the keys. With the
    softmax over the queries the weights of one query sum to anything, positions compete for being asked
    instead of answering, and the output grows and shrinks with the length of the sequence.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1; Bahdanau, Cho, Bengio 2015,
    equation 6.

    Fires:
        ``dim=1`` of (batch, queries, keys).
        ```python
        import torch
        from torch import nn

        class Attend(nn.Module):
            def __init__(self):
                super().__init__()
                self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

            def forward(self, x):
                scores = torch.bmm(self.q(x), self.k(x).transpose(1, 2)) / 8**0.5
                weights = torch.softmax(scores, dim=1)  # error: [AR621]
                return torch.bmm(weights, self.v(x))
        ```
        ```diff
        -        weights = torch.softmax(scores, dim=1)
        +        weights = torch.softmax(scores, dim=-1)
        ```
    Silent:
        Over the keys; and over the queries, where the transpose of the weights is used.
        ```python
        import torch
        from torch import nn

        class Attend(nn.Module):
            def __init__(self):
                super().__init__()
                self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

            def forward(self, x):
                scores = torch.bmm(self.q(x), self.k(x).transpose(1, 2)) / 8**0.5
                there = torch.bmm(torch.softmax(scores, dim=2), self.v(x))
                back = torch.bmm(torch.softmax(scores, dim=1).transpose(1, 2), self.v(x))
                return there + back
        ```
        Nodes are shared out among clusters, by an adjacency matrix.
        ```python
        import torch
        from torch import nn

        class Pooled(nn.Module):
            def __init__(self):
                super().__init__()
                self.cluster, self.value = nn.Linear(8, 3), nn.Linear(8, 8)

            def forward(self, x, adjacency):
                shares = torch.softmax(torch.bmm(adjacency, self.cluster(x)), dim=2)
                return torch.bmm(shares.transpose(1, 2), self.value(x))
        ```
        Slots compete for the inputs, and the weights are brought to a sum of one afterwards.
        ```python
        import torch
        from torch import nn

        class Slots(nn.Module):
            def __init__(self):
                super().__init__()
                self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

            def forward(self, slots, x):
                weights = torch.softmax(torch.bmm(self.q(slots), self.k(x).transpose(1, 2)), dim=1)
                weights = weights / weights.sum(dim=2, keepdim=True)
                return torch.bmm(weights, self.v(x))
        ```
    """
    consumers = network.consumers()
    for value in network.results:
        operation = value.operation
        axis = _axis(value)
        if operation.kind != "softmax" or axis not in SUMMED or not _is_attention(value):
            continue
        products = [
            (reader, reader.inputs[0].operation is last)
            for last in _passed_on(operation, consumers)
            for reader in consumers.get(id(last), ())
            if reader.kind == "matmul"
        ]
        if products and all(axis != SUMMED[0 if first else 1] for _, first in products):
            product, first = products[0]
            yield Finding(
                home(value),
                f"softmax over axis {axis}, but the product after it sums over axis {SUMMED[not first]}",
                f"use softmax(dim={SUMMED[not first]}): the weights of one query sum to one over the keys",
                (Step(product.place, "the values are summed here"),),
            )


def _axis(value: Tensor) -> int | None:
    """The axis of a softmax, from the end; None where it cannot be told."""
    axis, rank = value.operation.attributes.get("axis"), value.shape.rank
    if not isinstance(axis, int) or axis < 0:
        return axis if isinstance(axis, int) else None
    return None if rank is None or rank < len(SUMMED) else axis - rank


def _is_attention(weights: Tensor) -> bool:
    """Their scores are products of queries and keys that layers make, as many queries as there are keys.

    Where an adjacency matrix or learned rows ask, each input may well be shared out among those who ask
    (NetVLAD, DiffPool, groups of tokens), and so it may where queries and keys are not of one number.
    """
    product = next((o for o in _behind(weights, SCALED) if o.kind == "matmul"), None)
    sizes = weights.shape.sizes[SUMMED[1] :]
    if product is None or (len(sizes) == len(SUMMED) and differ(*sizes)):
        return False
    return all(any(family(o) is Family.WEIGHTED for o in _behind(t, LAID_OUT)) for t in product.inputs)


def _behind(value: Tensor, passed: Collection[Family]) -> Iterator[Operation]:
    """The operation that made a value, and those before it while they are of ``passed``, nearest first."""
    todo, seen = [value.operation], 0
    while todo and seen < MOST:
        present, seen = todo.pop(0), seen + 1
        yield present
        if present.kind in PASSING or present.kind == "softmax" or family(present) in passed:
            todo += [t.operation for t in present.inputs]


def _passed_on(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> Iterator[Operation]:
    """The weights, and what dropout and masks leave of them."""
    todo = [operation]
    while todo:
        present = todo.pop()
        yield present
        readers = consumers.get(id(present), ())
        todo += [o for o in readers if family(o) is Family.DROPOUT or o.kind in PASSING]
