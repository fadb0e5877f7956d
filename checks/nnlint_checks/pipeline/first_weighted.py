"""The operation whose weights meet the inputs of a network as they are."""

from __future__ import annotations

from nnlint.network.graph import Network, Operation

WEIGHTED = frozenset({"linear", "bilinear", "conv", "rnn", "rnn_state", "rnn_cell", "gemm", "matmul"})
"""Operations whose weights meet the features as they are."""

PASSING = frozenset(
    {
        *("identity", "detach", "cast", "flatten", "reshape", "permute", "transpose", "squeeze", "unsqueeze"),
        *("expand", "index", "split", "dropout", "concat", "stack", "pad", "sizes", "interpolate"),
    }
)
"""Operations that leave the scale of the features alone. Anything else may bring them to scale."""


def first_weighted(network: Network) -> Operation | None:
    """The first weighted operation on the way of the inputs; None when something before it may scale them."""
    consumers = network.consumers()
    queue = [tensor.operation for tensor in network.inputs]
    seen: set[int] = set()
    first: Operation | None = None
    while queue:
        operation = queue.pop(0)
        for reader in consumers.get(id(operation), ()):
            if id(reader) in seen:
                continue
            seen.add(id(reader))
            if reader.kind in WEIGHTED or reader.attributes.get("scales") is False:
                first = first or reader
            elif reader.kind in PASSING or reader.attributes.get("augments"):
                queue.append(reader)
            else:
                return None
    return first
