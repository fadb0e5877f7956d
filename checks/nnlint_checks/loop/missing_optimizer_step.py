"""TL503: gradients are computed round after round, and no optimiser applies them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.loop.order import COULD_STEP, beyond, could

OPTIMIZER = pattern(r"(^|_)opt(im|imizer|imiser)?(s|_|\d|$)", re.IGNORECASE)
"""Names that mean an optimiser wherever torch is used."""

PLAIN = ("norm", "zero_", "item", "detach_", "requires_grad_", "clamp_")
"""What is done to gradients that an optimiser is to use, as well."""


@check("TL503", level=ERROR)
def missing_optimizer_step(recipe: Recipe) -> Iterator[Finding]:
    """A training loop calls backward, but its optimizer never steps.

    Why: ``backward`` only fills ``.grad``. The weights change in ``optimizer.step()``, so without it the
    network stays as it was initialised, however long the loop runs.
    Source: PyTorch documentation of torch.optim ("Taking an optimization step").

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()  # error: [TL503]
        ```
        Only the schedule steps.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer, scheduler):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()  # error: [TL503]
                scheduler.step()
        ```
    Silent:
        Gradients are summed up, to tell what matters.
        ```python
        def importance(model, optimizer, loader, criterion):
            found = {name: 0.0 for name, _ in model.named_parameters()}
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                for name, weight in model.named_parameters():
                    found[name] += weight.grad.abs().mean()
            return found
        ```
        Gradients are looked at.
        ```python
        import torch
        from torch import nn

        def saliency(model, loader):
            for x in loader:
                x.requires_grad_()
                model.zero_grad()
                model(x).max().backward()
                yield x.grad.abs()
        ```
        The step is in a function of its own.
        ```python
        import torch
        from torch import nn

        class Trainer:
            def __init__(self, loader):
                self.model = nn.Linear(20, 3)
                self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)
                self.loader = loader

            def update(self):
                self.optimizer.step()
                self.optimizer.zero_grad()

            def train(self):
                for x, y in self.loader:
                    nn.functional.cross_entropy(self.model(x), y).backward()
                    self.update()
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    if any(could(e, COULD_STEP) for e in recipe.events):
        return
    stepped = {key for e in recipe.events if e.did is Did.STEP for key in e.subjects or (0,)}
    if 0 in stepped:
        return  # a step of something that is not known: it may be this one
    trained = {key for o in recipe.optimizers if o.key in stepped for key in o.models}
    for optimizer in recipe.optimizers:
        if trained & set(optimizer.models) and not _clears(recipe, optimizer):
            continue  # another one trains the same network
        if optimizer.key not in stepped and not _in_other_hands(recipe, optimizer):
            yield from _finding(recipe, optimizer)
    if not recipe.optimizers and not stepped:
        yield from _without_constructor(recipe)


def _clears(recipe: Recipe, optimizer: Optimizer) -> bool:
    """It is the one whose gradients are cleared where some are computed: it is meant to step there."""
    cleared = [e for e in recipe.events if e.did is Did.ZERO_GRAD and optimizer.key in e.subjects]
    backward = [e for e in recipe.events if e.did is Did.BACKWARD]
    return any(a.loops and a.loops == b.loops for a in cleared for b in backward)


def _in_other_hands(recipe: Recipe, optimizer: Optimizer) -> bool:
    return any(e.did is Did.OPAQUE and optimizer.key in e.subjects for e in recipe.events)


def _finding(recipe: Recipe, optimizer: Optimizer) -> Iterator[Finding]:
    """The first backward pass in a loop that fills gradients of what the optimiser holds."""
    used = [e for e in recipe.events if e.did is Did.FORWARD and set(e.subjects) & set(optimizer.models)]
    cleared = [e for e in recipe.events if e.did is Did.ZERO_GRAD and optimizer.key in e.subjects]
    for event in recipe.events:
        if event.did is not Did.BACKWARD or not event.loops or beyond(recipe, event, optimizer):
            continue
        here = [e for e in (*used, *cleared) if any(loop in event.loops for loop in e.loops)]
        if here:
            yield _at(event, Step(optimizer.place, "this optimizer never steps"))
            return


def _without_constructor(recipe: Recipe) -> Iterator[Finding]:
    """The optimiser comes from elsewhere: its gradients are cleared in the loop, and never applied."""
    for event in recipe.events:
        if event.did is not Did.BACKWARD or not event.loops:
            continue
        cleared = (e for e in recipe.events if e.did is Did.ZERO_GRAD and event.loops[-1] in e.loops)
        named = (e for e in cleared if OPTIMIZER.search(str(e.details.get("receiver", ""))))
        zero = next(named, None)
        if zero is not None and not any(_reads_gradient(e, event) for e in recipe.events):
            yield _at(event, Step(zero.place, f"{zero.details['receiver']} is cleared in each round"))
            return


def _reads_gradient(event: Event, backward: Event) -> bool:
    """``parameter.grad.abs()`` in the loop of a backward pass: the gradients are what is wanted."""
    of = str(event.details.get("object", "")).split(".")
    return "grad" in of and event.details.get("method") not in PLAIN and backward.loops[-1] in event.loops


def _at(event: Event, step: Step) -> Finding:
    return Finding(
        event.place,
        "backward() fills gradients that no optimizer.step() ever applies: no weight changes",
        "call optimizer.step() after backward()",
        trail=(step,),
        subject=("step", event.place),
    )
