"""TL506: after the first evaluation the network is trained in evaluation mode."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loop, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint_checks.loop.order import around, called_on, implied
from nnlint_checks.loop.untold_mode import untold_mode

MODEL = pattern(r"model|net|encoder|decoder|generator|discriminator|critic|policy|classifier", re.IGNORECASE)


@check("TL506", level=ERROR)
def missing_train_mode(recipe: Recipe) -> Iterator[Finding]:
    """The network is switched to evaluation in the training loop, and not back before training goes on.

    Why: ``eval()`` holds until ``train()`` is called. From the second round on dropout is off and batch norm
    no longer learns its statistics, so the network overfits and normalises with figures of its first epoch.
    Source: PyTorch documentation of Module.train and Module.eval.

    Fires:
        Back to training without ``train()``.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()  # error: [TL506]
                    optimizer.step()
                model.eval()
                right = 0
                with torch.no_grad():
                    for x, y in test_loader:
                        right += (model(x).argmax(1) == y).sum().item()
        ```
        The switch is in the function that evaluates.
        ```python
        import torch

        def evaluate(model, loader):
            model.eval()
            with torch.no_grad():
                return sum((model(x).argmax(1) == y).sum().item() for x, y in loader)

        def fit(model, train_loader, test_loader, criterion, optimizer):
            model.train()
            for epoch in range(10):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    loss = criterion(model(x), y)  # error: [TL506]
                    loss.backward()
                    optimizer.step()
                print(evaluate(model, test_loader))
        ```
        A loop of Keras that does not say that it trains.
        ```python
        import tensorflow as tf
        from tensorflow import keras

        model = keras.Sequential([
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10),
        ])
        optimizer = keras.optimizers.Adam()
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for epoch in range(10):
            for x, y in batches:
                with tf.GradientTape() as tape:
                    loss = loss_of(y, model(x))  # warning: [TL506]
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        ```
    Silent:
        Each epoch starts in train mode.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                model.eval()
                with torch.no_grad():
                    for x, y in test_loader:
                        print((model(x).argmax(1) == y).float().mean())
        ```
        Evaluated once, at the end.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_x):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for x, y in train_loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                return model(test_x).argmax(1)
        ```
    """
    yield from untold_mode(recipe)
    if recipe.framework_steps or not recipe.finished:
        return
    for number, event in enumerate(recipe.events):
        if not event.loops or event.gradients is False or not _depends(event, recipe):
            continue
        if not _is_trained(recipe, number):
            continue
        switch = _mode_of(recipe, event)
        if switch is not None:
            yield _finding(event, switch)
            return


def _depends(event: Event, recipe: Recipe) -> bool:
    """The pass of a network that acts differently in the two modes, or of one that is not known."""
    if event.did is Did.OPAQUE:
        return bool(MODEL.search(str(event.details.get("method", ""))))
    called = event.did is Did.FORWARD and event.subjects
    network = recipe.models.get(event.subjects[0]) if called else None
    if network is None:
        return False
    return any(not layer.frozen for layer in event.details.get("moded", ())) or _drops(network)


def _drops(network: Network) -> bool:
    """A call of a dropout function is told the mode, or a class of the program's own holds one."""
    return any(
        family(o) is Family.DROPOUT and (o.attributes.get("given") or not o.attributes.get("functional"))
        for o in network.operations
    )


def _is_trained(recipe: Recipe, number: int) -> bool:
    """In a loop around the pass a backward pass and a step follow, before another pass."""
    event = recipe.events[number]
    return any(_trains(recipe, event, loop) for loop in reversed(event.loops))


def _trains(recipe: Recipe, event: Event, loop: Loop) -> bool:
    found: set[Did] = set()
    for later in around(event, recipe.events, loop, back=False):
        if later.did is event.did and _subject(later) == _subject(event) and not found:
            return False  # that one is trained, perhaps
        if later.did in (Did.BACKWARD, Did.STEP):
            found.add(later.did)
    return len(found) == 2


def _subject(event: Event) -> object:
    return event.subjects[0] if event.subjects else event.details.get("method")


def _mode_of(recipe: Recipe, event: Event) -> Event | None:
    """The ``eval()`` that still holds at a pass, on the way back through its loops."""
    skipped: list[Event] = []
    for loop in reversed(event.loops):
        for before in around(event, recipe.events, loop, back=True):
            mode = _switch(before, event)
            if mode is None:
                continue
            if mode != "eval" or _is_taken_back_in_part(recipe, before, event):
                return None
            skipped.append(before)
            if implied(before, event) or not _has_alternative(recipe, before, event):
                return before
        if skipped:
            return None
    return None


def _switch(before: Event, event: Event) -> str | None:
    """What an event does to the mode of the network of a pass."""
    if event.did is Did.FORWARD:
        if event.subjects[0] not in before.subjects:
            return None
        return {Did.TRAIN_MODE: "train", Did.EVAL_MODE: "eval", Did.OPAQUE: "unknown"}.get(before.did)
    name = before.details.get("method")
    if before.did is not Did.OPAQUE or not called_on(before, event):
        return None
    if name == "eval" and not before.details.get("arguments"):
        return "eval"
    return "unknown" if name in ("train", "apply", "eval") else None


def _is_taken_back_in_part(recipe: Recipe, switch: Event, event: Event) -> bool:
    """Right behind it a part of the network, one that is not called by itself, is put in train mode."""
    called = {e.subjects[0] for e in recipe.events if e.did is Did.FORWARD}
    return any(
        e.did is Did.TRAIN_MODE and e.function == switch.function and not called & set(e.subjects)
        for e in recipe.events
    )


def _has_alternative(recipe: Recipe, switch: Event, event: Event) -> bool:
    """Another branch of the same condition switches to training instead."""
    parent = switch.branches[:-1]
    return any(
        _switch(e, event) in ("train", "unknown")
        and len(e.branches) == len(switch.branches)
        and e.branches[:-1] == parent
        and e.branches != switch.branches
        for e in recipe.events
    )


def _finding(event: Event, switch: Event) -> Finding:
    return Finding(
        event.place,
        "trained in evaluation mode from the second round on: eval() is not followed by train()",
        "call model.train() at the start of each epoch",
        trail=(Step(switch.place, "eval() switches dropout and batch norm off, and nothing switches back"),),
        subject=("mode", event.place),
    )
