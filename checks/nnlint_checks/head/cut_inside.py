"""Where a gradient ends inside of a network, so that fresh layers before it are never trained."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did, Recipe
from nnlint.network.gradients import reached, stops
from nnlint.network.graph import Layer, Operation
from nnlint_checks.loop.order import COULD_DIFFERENTIATE, could

FRESH = frozenset({"loaded", "unknown"})
"""Initialisations of weights that have been trained before, or may have."""


def cut_inside(recipe: Recipe) -> Iterator[tuple[Operation, list[Layer]]]:
    """What stops the gradient, with the layers that an optimizer holds and no gradient gets to."""
    if not recipe.finished or not _all_seen(recipe):
        return
    trained = {o.layer.place for d in recipe.differentiated for o in reached(d.value) if o.layer is not None}
    held = _held(recipe, trained)
    spoken: set[Place] = set()
    for given in reversed(recipe.differentiated):  # of several losses the last is the network's own
        cuts = sorted(filter(stops, given.value.ancestors()), key=lambda o: (o.place.path, o.place.line))
        for operation in cuts:
            lost = list(_layers(operation))
            places = {one.place for one in lost}
            if places & (trained | spoken) or not all(_is_fresh(one) and one.place in held for one in lost):
                continue
            spoken |= places
            if lost:
                yield operation, lost


def _all_seen(recipe: Recipe) -> bool:
    """Every value that is differentiated is known; no other call could differentiate."""
    passes = [e for e in recipe.events if e.did in (Did.BACKWARD, Did.GRADIENT)]
    return all("value" in e.details for e in passes) and not any(
        could(e, COULD_DIFFERENTIATE) for e in recipe.events
    )


def _held(recipe: Recipe, trained: set[Place]) -> set[Place]:
    """The layers of optimizers that train something; of others nothing is trained, and that says more."""
    found: set[Place] = set()
    for optimizer in recipe.optimizers:
        models = [recipe.models[key] for key in optimizer.models if key in recipe.models]
        layers = {layer.place for model in models for layer in model.layers if layer.parameters}
        stepped = any(e.did is Did.STEP and optimizer.key in e.subjects for e in recipe.events)
        found |= layers if layers & trained or not stepped else set()
    return found


def _layers(cut: Operation) -> Iterator[Layer]:
    """Layers with weights that the gradient would get to without the cut."""
    found = {o.layer.place: o.layer for t in cut.inputs for o in reached(t) if o.layer is not None}
    yield from (layer for layer in found.values() if layer.parameters)


def _is_fresh(layer: Layer) -> bool:
    return all(p.trainable is True and p.initialization.kind not in FRESH for p in layer.parameters)
