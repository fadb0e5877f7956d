"""Which uses of losses a check of heads judges, and how its findings lead from the head to the loss."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nnlint.evidence.place import Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.network.graph import Tensor
from nnlint.network.lookback import home


def training_uses(recipe: Recipe, kinds: Collection[str]) -> Iterator[LossUse]:
    """Uses of losses of these kinds that train something, those that are seen to be differentiated first.

    Left out: losses without gradients, and those nobody differentiates where others are.
    """
    trains = any(use.trained for use in recipe.losses)
    for use in sorted(recipe.losses, key=lambda use: not use.trained):
        if use.loss.kind in kinds and (use.trained or (use.trained is None and not trains)):
            yield use


def loss_api(use: LossUse) -> str:
    """The loss as the program calls it: ``CrossEntropyLoss``, ``cross_entropy``."""
    return use.loss.api.rpartition(".")[2]


def way_to(use: LossUse, head: Tensor, message: str) -> tuple[Step, ...]:
    """The trail of a finding at the loss: the head, unless it stands in the same expression."""
    place = home(head)
    inside = (place.path, place.line) == (use.place.path, use.place.line)
    return () if inside or not place.path else (Step(place, message),)
