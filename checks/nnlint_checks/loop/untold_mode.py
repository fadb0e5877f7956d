"""Networks of Keras that a loop calls without saying that this is training."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding, Level
from nnlint.network.graph import Operation
from nnlint.network.operations import Family, family
from nnlint_checks.loop.order import around


def untold_mode(recipe: Recipe) -> Iterator[Finding]:
    """The pass that is trained runs as for prediction: dropout is off, batch norm takes stored statistics.

    Left out: programs of several optimizers, where some networks are only asked.
    """
    if len(recipe.optimizers) != 1:
        return
    for event in recipe.events:
        network = recipe.models.get(event.subjects[0]) if _is_untold(event) else None
        layer = next(filter(_has_modes, network.operations), None) if network is not None else None
        if layer is None or not any(_is_trained(recipe, event, n) for n in range(len(event.loops))):
            continue
        api = layer.layer.api.rpartition(".")[2] if layer.layer is not None else layer.kind
        yield Finding(
            event.place,
            f"the network is trained without training=True: {api} acts as in prediction",
            "pass training=True where the gradients are recorded",
            (Step(layer.place, "acts differently in training"),),
            subject=("mode", event.place),
            level=Level.WARNING,
        )
        return


def _is_untold(event: Event) -> bool:
    called = event.did is Did.FORWARD and bool(event.subjects and event.loops)
    return called and event.details.get("told") is False and event.gradients is True


def _has_modes(operation: Operation) -> bool:
    modes = family(operation) is Family.DROPOUT or operation.kind == "batch_norm"
    return modes and operation.layer is not None and operation.attributes.get("told") is not True


def _is_trained(recipe: Recipe, event: Event, depth: int) -> bool:
    """Gradients and a step follow in the same round, before another pass."""
    found: set[Did] = set()
    for later in around(event, recipe.events, event.loops[depth], back=False):
        if later.did is Did.FORWARD and not found:
            return False
        found.add(later.did)
        if {Did.BACKWARD, Did.STEP} <= found:
            return True
    return False
