"""The layer that a value comes from, and the losses that train it."""

from __future__ import annotations

from nnlint.evidence.source import LossUse, Recipe
from nnlint.network.graph import Layer, Operation, Tensor
from nnlint.network.lookback import last_shaping
from nnlint.network.operations import Family, family

LOGITS = frozenset(
    {"bce_with_logits", "cross_entropy", "categorical_cross_entropy", "multilabel_soft_margin", "soft_margin"}
)
"""Losses that train scores, and take sigmoid or softmax themselves."""

SQUASHING = ("sigmoid", "softmax", "log_softmax", "logsigmoid", "hardsigmoid")


def score_layer(value: Tensor) -> Operation | None:
    """The weighted layer that a value is the plain output of, None when anything else shapes it."""
    heads = {t.operation.number: t.operation for t in last_shaping(value, averaged=True)}
    if len(heads) != 1:
        return None
    (operation,) = heads.values()
    return operation if family(operation) is Family.WEIGHTED else None


def last_layer(value: Tensor) -> Layer | None:
    """The one layer at the end, behind a sigmoid or softmax: one that the program makes itself."""
    layers = {o.layer for o in layers_at_end(value) if o.kind not in SQUASHING}
    if len(layers) != 1:
        return None
    (layer,) = layers
    return layer if layer is not None and layer.api.startswith(("torch.nn.", "keras.layers.")) else None


def losses_of(recipe: Recipe, layer: Operation) -> list[LossUse]:
    """The uses of losses whose prediction is the output of the same layer, squashed or not."""
    return [use for use in recipe.losses if any(same_layer(layer, o) for o in layers_at_end(use.prediction))]


def layers_at_end(value: Tensor) -> list[Operation]:
    """The layers at the end, behind a sigmoid or softmax."""
    found = []
    for tensor in last_shaping(value, averaged=True):
        operation = tensor.operation
        if operation.kind in SQUASHING and operation.inputs:
            found += [t.operation for t in last_shaping(operation.inputs[0], averaged=True)]
        found.append(operation)
    return found


def same_layer(a: Operation, b: Operation) -> bool:
    """Both are the output of one and the same layer."""
    if a is b:
        return True
    return a.layer is not None and b.layer is not None and a.layer.place == b.layer.place
