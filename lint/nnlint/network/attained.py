"""Ranges whose ends are reached, not only bounds: pixels as a data set gives them, moved and scaled."""

from __future__ import annotations

from nnlint.network.facts import INFINITY, Range
from nnlint.network.graph import Tensor
from nnlint.network.operations import Family, family

SCALING = ("add", "subtract", "multiply", "divide")
PARTS = ("index", "split")
"""Of a value that varies from one place to the next a part may have another range."""


def attained(value: Tensor) -> Range | None:
    """The interval that the values fill, where they are data of a known range, moved, scaled and shifted.

    None for anything else: of a sum of two values the ends of the interval need not be reached.
    """
    bounds = value.range
    if bounds is None or bounds.low == -INFINITY or bounds.high == INFINITY or bounds.low == bounds.high:
        return None
    operation = value.operation
    while True:
        if operation.kind == "input":
            return bounds if operation.attributes.get("range") is not None and operation.proven else None
        if operation.attributes.get("written"):  # numbers that stand in the program
            return bounds
        rest = [t.operation for t in operation.inputs if not _number(t)]
        moves = family(operation) is Family.MOVE and operation.kind not in (*PARTS, "pad", "one_hot")
        if len(rest) != 1 or not (moves or operation.kind in SCALING):
            return None
        (operation,) = rest


def _number(value: Tensor) -> bool:
    """One number that is known."""
    bounds = value.range
    return value.operation.kind == "constant" and bounds is not None and bounds.low == bounds.high
