"""How deep a network is that an optimiser trains, as far as that is known."""

from __future__ import annotations

from nnlint.evidence.source import Did, Optimizer, Recipe
from nnlint.network.graph import Layer, Network


def networks_of(optimizer: Optimizer, recipe: Recipe) -> list[Network]:
    """The networks whose weights an optimiser holds."""
    return [recipe.models[key] for key in optimizer.models if key in recipe.models]


def weight_layers(network: Network) -> list[Layer]:
    """Its layers that mix features by weights: not norms, whose weights only scale them."""
    return [layer for layer in network.layers if any((p.shape.rank or 0) >= 2 for p in layer.parameters)]


def is_pretrained(network: Network) -> bool:
    """Some of its weights were trained before."""
    ready = any(operation.attributes.get("pretrained") is True for operation in network.operations)
    return ready or any(p.initialization.kind == "loaded" for x in network.layers for p in x.parameters)


def steps(optimizer: Optimizer, recipe: Recipe) -> bool:
    """It is used, here or by a framework, and not only made to be looked at."""
    return recipe.framework_steps or any(
        e.did is Did.STEP and optimizer.key in e.subjects for e in recipe.events
    )
