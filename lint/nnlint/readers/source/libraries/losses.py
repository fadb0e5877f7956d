"""A loss meets what it is given: recorded alike for every library."""

from __future__ import annotations

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did, Loss
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.labels import labels_of
from nnlint.readers.source.facts.trace import LossCall
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import Call, Value, Weight


def meet(
    call: Call,
    loss: Loss,
    prediction: Value,
    target: Value,
    *,
    place: Place | None = None,
    event: bool = True,
    names: tuple[str, str] = ("", ""),
    computed: bool = False,
) -> Tensor:
    """Record that a loss met its arguments; the result is a scalar that can be differentiated.

    ``names``: what the program calls prediction and target, "" where they have no name.
    """
    i, place = call.interpreter, place or call.place
    left = as_tensor(i, prediction, call.node)
    right = as_tensor(i, target, call.node) if isinstance(target, Tensor | Weight) else None
    inputs = (left,) if right is None else (left, right)
    result = i.operate("loss", inputs, {"loss": loss.kind, "reduction": _reduction(loss)}, place)
    if event:
        i.trace.did(Did.LOSS, place, loss=loss.kind)
    i.trace.losses.append(
        LossCall(
            loss,
            left,
            right,
            place,
            result.operation,
            i.trace.gradients[-1],
            names[1],
            computed,
            names[0],
            labels_of(target),
        )
    )
    return result


def _reduction(loss: Loss) -> Value:
    """How the loss joins its values, ``mean`` by default; also as torch spelled it (``reduce=False``)."""
    if loss.attributes.get("reduce") not in (None, True):
        return "none"
    return loss.attributes.get("reduction", "mean")
