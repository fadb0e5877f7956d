"""Questions about the order of events that several checks of training loops ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nnlint.evidence.source import Did, Event, Loop, Optimizer, Recipe
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Operation
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern

COULD_DIFFERENTIATE = pattern(
    r"backward|closure|train_?(step|batch|epoch)|(^|_)(step|fit|learn|optimi[sz]e|update|minimi[sz]e|grad\w*)(_|$)",
    re.IGNORECASE,
)
"""Names of functions that are not understood and may call ``backward``."""
COULD_STEP = pattern(
    r"closure|train_?(step|batch|epoch)|optim|(^|_)(step|fit|learn|update|minimi[sz]e|apply|train)(_|$)",
    re.IGNORECASE,
)
"""Names of functions that are not understood and may step an optimiser."""
HARMLESS = pattern(
    r"^((\w+_)?envs?|environment|p_?bar|bar|progress\w*|prog\w*|tqdm\w*|tbar|loop|t|iterator|\w*met(er|ric)s?|\w*acc\w*|"
    r"history|logs?|logger|writer|stats?|results?|monitor|early_?stop\w*|stopper|ema\w*|wandb|losses|tracker|"
    r"buffer|memory|replay\w*|summary\w*|profiler|prof|timer|kwargs|config|cfg|args|params|\w*data\w*|d|info|"
    r"task|live|console|status|epoch_\w+|batch_\w+|running\w*|train_\w*|val_\w*|\w*model\w*|\w*net\w*)$",
    re.IGNORECASE,
)
"""Names of objects whose ``update``, ``step`` and ``train`` have nothing to do with an optimiser."""
TRAINS_BY_ITSELF = pattern(
    r"trainer|agent|engine|learner|runner|strategy|fabric|accelerator|booster", re.IGNORECASE
)


FILLING = (Did.BACKWARD, Did.GRADIENT)
"""What fills the gradients, or gives them."""


def in_loop(events: Sequence[Event], loop: Loop) -> list[Event]:
    """What happens in a loop, in order."""
    return [event for event in events if loop in event.loops]


def implied(event: Event, by: Event) -> bool:
    """In a round in which ``by`` happens, ``event`` happens as well."""
    return by.branches[: len(event.branches)] == event.branches


def could(event: Event, names: re.Pattern[str]) -> bool:
    """A call that is not understood may do what functions of these names do."""
    if event.did is not Did.OPAQUE:
        return False
    name = str(event.details.get("method", "")).rpartition(".")[2]
    receiver = str(event.details.get("receiver", ""))
    if "backward" in name or TRAINS_BY_ITSELF.search(receiver):
        return True
    return bool(names.search(name)) and not HARMLESS.match(receiver)


def called_on(event: Event, by: Event) -> bool:
    """A method of an object that is known by its name alone, the one that another such event calls."""
    own, other = event.details.get("object"), by.details.get("callee")
    if own and other:
        return bool(own == other)
    return bool(event.details.get("receiver")) and event.details.get("receiver") == by.details.get("method")


def optimizer_of(event: Event, recipe: Recipe) -> Optimizer | None:
    """The optimiser that steps, or whose gradients are cleared; None when it is not known."""
    return next((o for o in recipe.optimizers if o.key in event.subjects), None)


def same_target(event: Event, step: Event, recipe: Recipe) -> bool:
    """A ``zero_grad`` is about all that the step is about, as far as that is known."""
    optimizer = optimizer_of(step, recipe)
    keys = [key for key in event.subjects if key]
    if optimizer is not None and keys:
        held = [key for key in optimizer.models if key in recipe.models] or list(optimizer.models)
        return optimizer.key in keys or (len(held) == 1 and held[0] in keys)
    if optimizer is not None or keys:
        return len(recipe.optimizers) == 1 and not event.details.get("receiver")
    own, other = event.details.get("object"), step.details.get("object")
    if own and own == other:
        return True
    return bool(event.details.get("receiver")) and event.details.get("receiver") == step.details.get(
        "receiver"
    )


def around(event: Event, events: Sequence[Event], loop: Loop, *, back: bool) -> Iterator[Event]:
    """The other events of the loop, from the event on, or back from it, once around."""
    here = in_loop(events, loop)
    at = next(n for n, e in enumerate(here) if e is event)
    order = [*here[at + 1 :], *here[:at]]
    return iter(reversed(order) if back else order)


def beyond(recipe: Recipe, event: Event, optimizer: Optimizer) -> bool:
    """A backward pass is known to reach none of the weights that the optimiser holds."""
    value = event.details.get("value")
    own = {
        layer.place
        for key in optimizer.models
        if key in recipe.models
        for layer in recipe.models[key].layers
        if layer.parameters
    }
    if value is None or not own:
        return False
    seen = list(reached(value))
    if any(_unclear(o) for o in seen) or not any(trains(o) for o in seen):
        return False  # not known, or of no network at all: another defect
    return not any(o.layer is not None and o.layer.place in own for o in seen)


def cleared_before(recipe: Recipe, step: Event) -> Event | None:
    """What clears the gradients after the last backward pass ahead of the step, if anything does."""
    optimizer, loop = optimizer_of(step, recipe), step.loops[-1]
    here = list(around(step, recipe.events, loop, back=True))
    filling = [e for e in here if e.did in FILLING and _reaches(recipe, e, optimizer)]
    if not any(e.did is Did.BACKWARD for e in filling):
        return None
    for event in here:
        if event in filling:
            return None
        if could(event, COULD_DIFFERENTIATE):
            return None
        if event.did is Did.ZERO_GRAD and implied(event, step) and same_target(event, step, recipe):
            return event
    return None


def _reaches(recipe: Recipe, event: Event, optimizer: Optimizer | None) -> bool:
    return optimizer is None or not beyond(recipe, event, optimizer)


def serves_another(recipe: Recipe, step: Event) -> bool:
    """The gradients that are cleared ahead of a step are of passes that other optimisers step for."""
    optimizer, loop = optimizer_of(step, recipe), step.loops[-1] if step.loops else None
    if optimizer is None or loop is None or len(recipe.optimizers) < 2:
        return False
    here = in_loop(recipe.events, loop)
    for backward in here:
        if backward.did is Did.BACKWARD and _reaches(recipe, backward, optimizer):
            following = around(backward, recipe.events, loop, back=False)
            stepped = next((e for e in following if e.did is Did.STEP), step)
            if optimizer_of(stepped, recipe) in (None, optimizer):
                return False
    return True


def _unclear(operation: Operation) -> bool:
    return family(operation) is Family.OTHER or (trains(operation) and operation.layer is None)
