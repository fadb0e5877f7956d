"""Values that are proven not to be log-probabilities, where a loss takes them for such."""

from __future__ import annotations

from nnlint.network.facts import Meaning
from nnlint.network.graph import Tensor
from nnlint.network.lookback import api, last_shaping
from nnlint.network.operations import Family, family
from nnlint.network.scores import NORMS, affine, unscaled


def no_log_probabilities(value: Tensor) -> Tensor | None:
    """What last shaped the value, if on every way that gives no log-probabilities; else None."""
    heads = last_shaping(value)
    return heads[0] if all(what_it_gives(head) for head in heads) else None


def what_it_gives(head: Tensor) -> str:
    """``scores``, ``probabilities`` or ``values in [0, ∞)``; "" where it may be log-probabilities.

    Sums of several terms may be a log-softmax written out: of arithmetic only scaling is looked through.
    """
    if head.role.meaning is Meaning.PROBABILITIES:
        return "probabilities"
    before = unscaled(head)
    if affine(before) or before.operation.kind in NORMS:
        return "scores"
    if family(head.operation) is Family.ACTIVATION and head.range is not None and head.range.high > 0:
        return f"values in {head.range}"
    return ""


def giver(head: Tensor) -> str:
    """The name of the layer or function that gives the value."""
    return api(unscaled(head).operation)
