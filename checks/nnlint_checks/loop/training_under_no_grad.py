"""TL524: the training pass runs where autograd is off."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import may_train, reached, stops
from nnlint.network.graph import Operation, Tensor

DISTANCES = ("mse", "l1", "smooth_l1", "huber")
"""Losses of two values of which either may come from the network."""


@check("TL524", level=ERROR)
def training_under_no_grad(recipe: Recipe) -> Iterator[Finding]:
    """The pass that is differentiated runs under no_grad or inference_mode.

    Why: nothing is recorded there, so ``backward`` raises "element 0 of tensors does not require grad",
    or, when another part of the loss is recorded, leaves the network without gradients.
    Source: PyTorch documentation, "Autograd mechanics" (locally disabling gradient computation).

    Fires:
        The pass.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                with torch.no_grad():
                    scores = model(x)
                loss = nn.functional.cross_entropy(scores, y)
                optimizer.zero_grad()
                loss.backward()  # error: [TL524]
                optimizer.step()
        ```
        The network runs before the tape records.
        ```python
        import tensorflow as tf

        def train(batches):
            model = tf.keras.Sequential([tf.keras.Input((20,)), tf.keras.layers.Dense(3)])
            loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            optimizer = tf.keras.optimizers.Adam()
            for x, y in batches:
                scores = model(x, training=True)
                with tf.GradientTape() as tape:
                    loss = loss_of(y, scores)
                gradients = tape.gradient(loss, model.trainable_variables)  # error: [TL524]
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        ```
        The whole function.
        ```python
        import torch

        @torch.no_grad()
        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()  # error: [TL524]
                optimizer.step()
        ```
    Silent:
        Only the targets come from there.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            teacher = nn.Linear(20, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x in loader:
                with torch.no_grad():
                    target = teacher(x).softmax(1)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), target).backward()
                optimizer.step()
        ```
        The target is given first, the network's own value second.
        ```python
        import torch
        from torch import nn

        class Agent:
            def __init__(self, critic, later, optimizer):
                self.critic, self.later, self.optimizer = critic, later, optimizer

            def update(self, batch):
                with torch.no_grad():
                    goal = batch["reward"] + 0.99 * self.later(batch["next"]).amax(1)
                value = self.critic(batch["state"]).gather(1, batch["action"])
                loss = nn.functional.mse_loss(goal, value)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        ```
        Gradients are on again.
        ```python
        import torch
        from torch import nn

        @torch.no_grad()
        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                with torch.enable_grad():
                    loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        ```
    """
    if not recipe.finished:
        return
    backward = [e for e in recipe.events if e.did is Did.BACKWARD]
    passes = [(e, _unrecorded(recipe, e) or _only_off(recipe, e)) for e in backward]
    # A step that training and validation share, ``if self.training: loss.backward()``
    spoken = {event.place for event, off in passes if event.gradients is not False and off is None}
    yield from _of_tapes(recipe)
    for event, off in passes:
        if event.place in spoken:
            continue
        found = off or _all_off(recipe, event)
        if found is None:
            continue
        spoken.add(event.place)
        yield Finding(
            event.place,
            "backward() on a loss whose forward pass ran with autograd off: nothing was recorded",
            "take the training pass out of no_grad() or inference_mode()",
            trail=(found,),
            subject=("no grad", event.place),
        )


def _of_tapes(recipe: Recipe) -> Iterator[Finding]:
    """Gradients that a tape is asked for, and of which it has recorded nothing."""
    asked = {e.place: e.details["untaped"] for e in recipe.events if "untaped" in e.details}
    for place, forward in asked.items():
        yield Finding(
            place,
            "gradient() of a loss whose forward pass ran outside of the tape: it gives None for each weight",
            "call the model inside of the with block of GradientTape",
            trail=(Step(forward, "the network runs before the tape records"),),
            subject=("no grad", place),
        )


def _unrecorded(recipe: Recipe, event: Event) -> Step | None:
    """Weights are reached, and all that reaches them was computed without autograd."""
    value = event.details.get("value")
    if value is None or event.details.get("method"):
        return None
    live, off = _as_far_as_recorded(value)
    if not off or any(may_train(o) or o.attributes.get("requires_grad") for o in live):
        return None
    if any(map(_has_another_side, live)) and _may_run_more(recipe, event):
        return None
    behind = (o for one in off for o in reached(one))
    if not any(map(may_train, behind)):
        return None
    return Step(off[0].operation.place, "computed where autograd is off")


def _has_another_side(operation: Operation) -> bool:
    """A distance whose second argument is not known: that may be what the network gives."""
    kind = operation.attributes.get("loss") if operation.kind == "loss" else None
    return kind in DISTANCES and len(operation.inputs) == 1


def _may_run_more(recipe: Recipe, event: Event) -> bool:
    """In the round of a backward pass something runs with autograd on, or is not understood."""
    here = [e for e in recipe.events if event.loops and event.loops[-1] in e.loops]
    runs = [e for e in here if e.did is Did.OPAQUE or (e.did is Did.FORWARD and e.gradients is not False)]
    return not here or bool(runs)


def _as_far_as_recorded(value: Tensor) -> tuple[list[Operation], list[Tensor]]:
    """What the gradient of a value gets to, and where it ends since nothing was recorded."""
    live: list[Operation] = []
    off: list[Tensor] = []
    seen: set[int] = set()
    queue = [value]
    while queue:
        tensor = queue.pop(0)
        operation = tensor.operation
        if operation.number in seen or stops(operation):
            continue
        seen.add(operation.number)
        if operation.recorded or _is_leaf(operation):
            live.append(operation)
            queue.extend(operation.inputs)
        else:
            off.append(tensor)
    return live, off


def _is_leaf(operation: Operation) -> bool:
    return operation.kind == "parameter" and not operation.inputs


def _only_off(recipe: Recipe, event: Event) -> Step | None:
    """In the rounds of a training loop all passes of the network run with autograd off."""
    value = event.details.get("value")
    if value is None or not event.loops or event.gradients is False:
        return None
    if any(o.layer is not None or o.kind == "parameter" for o in reached(value)):
        return None
    here = [e for e in recipe.events if event.loops[-1] in e.loops]
    stepped = {key for e in here if e.did is Did.STEP for key in e.subjects}
    models = [set(o.models) for o in recipe.optimizers if o.key in stepped]
    if len(stepped) != 1 or len(models) != 1:
        return None
    mine = [e for e in here if set(e.subjects) & models[0] and e.did in (Did.FORWARD, Did.OPAQUE)]
    off = all(e.did is Did.FORWARD and e.gradients is False for e in mine)
    return Step(mine[0].place, "the network runs where autograd is off") if mine and off else None


def _all_off(recipe: Recipe, event: Event) -> Step | None:
    """Autograd is off in the whole round of a training loop of which nothing more is known."""
    if event.gradients is not False or not event.details.get("method") or not event.loops:
        return None
    if not event.certain:
        return None
    here = [e for e in recipe.events if event.loops[-1] in e.loops]
    if any(e.gradients is not False for e in here) or not any(e.did is Did.STEP for e in here):
        return None
    return Step(event.loops[-1].place, "autograd is off in all of this loop")
