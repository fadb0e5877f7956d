"""Networks that are trained with nothing that keeps them from memorising."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from nnlint.evidence.source import Did, Loop, Optimizer, Recipe
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family

REGULARISES = (Family.NORM, Family.DROPOUT)
FEW_PASSES = 2
"""What a network has seen no more often it does not know by heart."""
RATES = ("p", "dropout")  # what layers with dropout inside call its rate


def unregularised(recipe: Recipe) -> Iterator[tuple[Optimizer, Network, int]]:
    """Networks with how many weights of them are trained, where it is known that nothing regularises them.

    Left out: runs of one or two passes over the data, and networks with weights that were trained before.
    """
    unseen = (recipe.augmented, recipe.early_stopping, recipe.penalised)
    if any(fact is not False for fact in unseen) or not recipe.finished or len(recipe.optimizers) != 1:
        return
    (optimizer,) = recipe.optimizers
    if optimizer.weight_decay != 0 or not _sees_data_again(optimizer, recipe):
        return
    for key in optimizer.models:
        network = recipe.models.get(key)
        if network is not None and network.understood and not _regularised(network):
            yield optimizer, network, _trained(network)


def _sees_data_again(optimizer: Optimizer, recipe: Recipe) -> bool:
    """Steps are taken in more than a few passes over the data."""
    steps = [e for e in recipe.events if e.did is Did.STEP and optimizer.key in e.subjects]
    return any(_repeats(e.loops) for e in steps)


def _repeats(loops: tuple[Loop, ...]) -> bool:
    """The loops around a step go over the data more than a few times, as far as is known."""
    counts = [loop.count for loop in loops if loop.loader is None]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return len(loops) > 1 or prod(known) > 1
    return prod(known) > FEW_PASSES and (len(loops) > 1 or bool(known))


def _regularised(network: Network) -> bool:
    """Dropout or a norm, or layers with dropout inside; weights that were trained before."""
    if any(family(o) in REGULARISES for o in network.operations):
        return True
    if any(layer.attributes.get(rate) for layer in network.layers for rate in RATES):
        return True
    return any(p.initialization.kind == "loaded" for layer in network.layers for p in layer.parameters)


def _trained(network: Network) -> int:
    """How many weights are trained, as far as their sizes are known."""
    return sum(
        p.size
        for layer in network.layers
        for p in layer.parameters
        if p.trainable is True and isinstance(p.size, int)
    )
