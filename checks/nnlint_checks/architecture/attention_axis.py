"""Attention written out: over which axis the weights sum to 1, and over which the values are summed."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family
from nnlint.network.wiring import Wiring, wiring
from nnlint_checks.architecture.attention import attentions


def over_another_axis(network: Network) -> Iterator[Finding]:
    """The softmax of scores runs over another axis than the product with the values behind it sums."""
    wired = wiring(network)
    for attention in attentions(network):
        softmax = attention.operation
        axis, rank = softmax.attributes.get("axis"), softmax.inputs[0].shape.rank
        if attention.scores is None or not isinstance(axis, int) or not softmax.proven:
            continue
        last = axis == -1 or (axis >= 0 and (rank is None or axis == rank - 1))
        product = _product(softmax, wired)
        if last or product is None:
            continue
        yield Finding(
            softmax.place,
            f"attention weights sum to 1 over axis {axis}, and the values are summed over the last",
            "give the softmax dim=-1, the axis of the keys",
            (Step(product.place, "the weights meet the values here"),),
        )


def _product(softmax: Operation, wired: Wiring) -> Operation | None:
    """What multiplies values by the weights, as they are; None where they are used in another way as well."""
    readers = wired.readers.get(id(softmax), ())
    while len(readers) == 1 and family(readers[0]) is Family.DROPOUT:
        softmax, readers = readers[0], wired.readers.get(id(readers[0]), ())
    if len(readers) != 1 or readers[0].kind != "matmul":
        return None
    return readers[0] if readers[0].inputs[0].operation is softmax else None
