"""A network once more, with inputs of known sizes: which of its operations cannot take them."""

from __future__ import annotations

from collections.abc import Mapping

from nnlint.dataclass import dataclass
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.operations import RULES
from nnlint.network.shape import UNKNOWN, Conflict, Shape


@dataclass(frozen=True, slots=True)
class Misfit:
    """An operation whose input, of this shape, does not fit; ``about``: as of Conflict."""

    operation: Operation
    shape: Shape
    reason: str
    about: str


def replay(network: Network, given: Mapping[int, Shape]) -> Misfit | None:
    """The first operation that cannot take what comes to it, None when all can, as far as shapes tell.

    ``given``: shapes by the numbers of the operations that gave the network's inputs. Nothing is told beyond
    an operation that may never be reached, or that could not take its input before.
    """
    known: dict[int, Shape] = dict(given)
    for operation in network.operations:
        if operation.number in known:
            continue
        if operation.conflict or not operation.proven:
            return None
        shapes = [_shape(tensor, known) for tensor in operation.inputs]
        try:
            known[operation.number] = RULES[operation.kind].shape(shapes, operation.attributes)
        except Conflict as conflict:
            return Misfit(operation, shapes[0] if shapes else UNKNOWN, str(conflict), conflict.about)
    return None


def _shape(tensor: Tensor, known: Mapping[int, Shape]) -> Shape:
    return known.get(tensor.operation.number, tensor.shape)
