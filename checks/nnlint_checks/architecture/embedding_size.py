"""AR614: vectors of an embedding that are larger than what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network, Operation
from nnlint.network.operations import Family, family
from nnlint.network.wiring import Wiring, wiring
from nnlint.pattern import pattern

LARGEST = 4096
"""GPT-3 13B and LLaMA 7B use 4096 to 5120 for 50 000 and 32 000 tokens."""
ADDED = pattern(
    r"pos|type|segment|time|step|cond|class|label|token_?type|bias|relative|quer|prompt|mask|layer", re.I
)
"""Embeddings that are added to something, and so take its size."""
SUMMED = ("add", "multiply", "subtract", "matmul", "where", "scaled_dot_product", "choice")
PASSED = (Family.MOVE, Family.DROPOUT, Family.NORM)


@check("AR614", level=HINT)
def embedding_size(network: Network, *, largest: int = LARGEST) -> Iterator[Finding]:
    """An embedding has more dimensions than entries, or more than 4096.

    Why: with as many dimensions as entries each entry could have one of its own: more add weights and nothing
    to share between entries, which is what embeddings are for.
    Source: Guo and Berkhahn 2016, "Entity Embeddings of Categorical Variables" (1 to m - 1 dimensions for
    m categories); Mikolov et al. 2013.

    Options: largest: most dimensions (4096) that are not reported.

    Fires:
        Fifty dimensions for seven days.
        ```python
        import torch
        from torch import nn

        class Sales(nn.Module):
            def __init__(self):
                super().__init__()
                self.day = nn.Embedding(7, 50)  # hint: [AR614]
                self.store = nn.Embedding(1115, 10)
                self.out = nn.Sequential(nn.Linear(60, 64), nn.ReLU(), nn.Linear(64, 1))

            def forward(self, day, store):
                return self.out(torch.cat([self.day(day), self.store(store)], dim=1))
        ```
    Silent:
        Positions have the size of the words that they are added to.
        ```python
        from torch import nn

        class Words(nn.Module):
            def __init__(self, width=256):
                super().__init__()
                self.words, self.places = nn.Embedding(8000, width), nn.Embedding(128, width)
                self.out = nn.Linear(width, 2)

            def forward(self, x, n):
                return self.out((self.words(x) + self.places(n)).mean(1))
        ```
    """
    wired = wiring(network)
    for layer in network.layers:
        rows, width = layer.attributes.get("rows"), layer.attributes.get("dim")
        if layer.kind not in ("embedding", "embedding_bag") or not layer.proven or not isinstance(width, int):
            continue
        if width > largest:
            message = f"{_name(layer)} has {width} dimensions"
        elif isinstance(rows, int) and rows < width and _on_its_own(layer, network, wired):
            message = f"{_name(layer)} has {width} dimensions for {rows} entries"
        else:
            continue
        yield Finding(
            layer.place, message, "use fewer dimensions: at most half of the entries, and a few hundred"
        )


def _name(layer: Layer) -> str:
    return layer.api.rpartition(".")[2]


def _on_its_own(layer: Layer, network: Network, wired: Wiring) -> bool:
    """Its vectors are known to be used, and go to other layers, not into a sum whose size they must have."""
    if ADDED.search(layer.name):
        return False
    used = [o for o in network.operations if o.layer is layer]
    readers = [r for o in used for r in _readers(o, wired)]
    return bool(readers) and not any(r.kind in SUMMED or family(r) is Family.OTHER for r in readers)


def _readers(operation: Operation, wired: Wiring) -> Iterator[Operation]:
    for reader in wired.readers.get(id(operation), ()):
        if family(reader) in PASSED:
            yield from _readers(reader, wired)
        else:
            yield reader
