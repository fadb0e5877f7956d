"""TL502: the optimiser steps, and nothing computes gradients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.loop.order import (
    COULD_DIFFERENTIATE,
    beyond,
    cleared_before,
    could,
    optimizer_of,
    serves_another,
)

SAYS_LOSS = pattern(r"loss|criterion|cost|objective|(^|_)(nll|mse|bce|elbo)(_|$)", re.IGNORECASE)
"""Names of functions that compute what is minimised."""
MODEL = pattern(r"(my_?|the_?)?(model|net|network|classifier)", re.IGNORECASE)
"""Names of networks; those of which nothing is known may give the loss themselves."""


@check("TL502", level=ERROR)
def missing_backward(recipe: Recipe) -> Iterator[Finding]:
    """A loss is computed and the optimizer steps, but nothing calls backward.

    Why: without ``backward`` no weight has a gradient, and ``step`` skips weights without one. The loop runs
    without an error and the network stays as it was initialised.
    Source: PyTorch documentation of torch.optim ("Taking an optimization step").

    Fires:
        The loss is computed, cleared for, and never differentiated.
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
                    optimizer.step()  # error: [TL502]
        ```
        The generator steps, but only the loss of the discriminator is differentiated.
        ```python
        import torch
        from torch import nn

        def train(loader):
            generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
            critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
            optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4)
            optimizer_d = torch.optim.Adam(critic.parameters(), lr=2e-4)
            for real in loader:
                fake = generator(torch.randn(64, 8))
                optimizer_d.zero_grad()
                loss_d = critic(fake.detach()).mean() - critic(real).mean()
                loss_d.backward()
                optimizer_d.step()
                optimizer_g.zero_grad()
                loss_g = -critic(fake).mean()
                optimizer_g.step()  # error: [TL502]
        ```
        The generator is judged on samples that have lost their graph.
        ```python
        import torch
        from torch import nn

        def train(loader):
            generator = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
            critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
            optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4)
            optimizer_d = torch.optim.Adam(critic.parameters(), lr=2e-4)
            for real in loader:
                fake = generator(torch.randn(64, 8)).detach()
                optimizer_d.zero_grad()
                loss_d = critic(fake).mean() - critic(real).mean()
                loss_d.backward()
                optimizer_d.step()
                optimizer_g.zero_grad()
                loss_g = -critic(fake).mean()
                loss_g.backward()
                optimizer_g.step()  # error: [TL502]
        ```
        Lightning differentiates what training_step gives back.
        ```python
        import lightning as L
        from torch import nn

        class Classifier(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))

            def training_step(self, batch, batch_idx):  # error: [TL502]
                x, y = batch
                loss = nn.functional.cross_entropy(self.net(x), y)
                self.log("train_loss", loss)
        ```
    Silent:
        A closure computes the gradients when the optimizer calls it.
        ```python
        import torch
        from torch import nn

        def fit(x, y):
            model = nn.Linear(4, 1)
            optimizer = torch.optim.LBFGS(model.parameters())

            def closure():
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), y)
                loss.backward()
                return loss

            for _ in range(20):
                optimizer.step(closure)
        ```
        Gradients are computed and written by hand.
        ```python
        import torch
        from torch import nn

        def fit(loader):
            model = nn.Linear(4, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for x, y in loader:
                loss = nn.functional.mse_loss(model(x), y)
                for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
                    p.grad = g
                optimizer.step()
        ```
        The library differentiates.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer, accelerator):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                accelerator.backward(loss)
                optimizer.step()
        ```
    """
    if recipe.lossless is not None:
        yield _lossless(recipe.lossless)
    if recipe.framework_steps or not recipe.finished:
        return
    spoken = set()
    for number, step in enumerate(recipe.events):
        if step.did is not Did.STEP or step.place in spoken:
            continue
        optimizer = optimizer_of(step, recipe)
        loss = _loss_of(recipe, number, optimizer)
        by_closure = step.details.get("closure") or (optimizer is not None and optimizer.kind == "lbfgs")
        if loss is None or (by_closure and not _in_closure(recipe, loss, step)):
            continue
        stolen = (
            bool(step.loops) and cleared_before(recipe, step) is not None and serves_another(recipe, step)
        )
        if stolen or not any(_may_serve(recipe, event, step, optimizer) for event in recipe.events):
            spoken.add(step.place)
            yield _cut_off(recipe, number, loss) or Finding(
                step.place,
                "the optimizer steps, and nothing computes gradients: backward() is never called",
                "call loss.backward() before optimizer.step()",
                trail=(Step(loss.place, "the network is used and the loss computed here"),),
                subject=("backward", step.place),
            )


def _in_closure(recipe: Recipe, loss: Event, step: Event) -> bool:
    """The step's closure is a function of the program that was followed: it computes this loss."""
    inside = bool(loss.function) and loss.function != step.function and loss.loops == step.loops
    known = optimizer_of(step, recipe) is not None
    return known and bool(step.details.get("closure")) and inside and loss.did is Did.LOSS


def _lossless(place: Place) -> Finding:
    return Finding(
        place,
        "training_step computes a loss and gives nothing back: no batch is trained on",
        "end training_step with return loss",
        subject=("backward", place),
    )


def _cut_off(recipe: Recipe, number: int, loss: Event) -> Finding | None:
    """backward is called for this step, on a value that has no way to what the optimizer holds."""
    step = recipe.events[number]
    before = reversed(recipe.events[:number])
    near = next((e for e in before if e.did in (Did.BACKWARD, Did.STEP) and e.loops == step.loops), None)
    if near is None or near.did is Did.STEP:
        return None
    return Finding(
        step.place,
        "the optimizer steps, and the loss before it does not reach its weights: they get no gradients",
        "compute that loss from what the network gave, without detach() in between",
        trail=(Step(loss.place, "the loss is computed here"), Step(near.place, "and differentiated here")),
        subject=("backward", step.place),
    )


def _loss_of(recipe: Recipe, number: int, optimizer: Optimizer | None) -> Event | None:
    """The last loss, or pass of the optimiser's model, ahead of a step in its round."""
    step = recipe.events[number]
    loop = step.loops[-1] if step.loops else None
    cleared = any(e.did is Did.ZERO_GRAD and e.loops == step.loops for e in recipe.events)
    models = set(optimizer.models) if optimizer is not None else set()
    for event in reversed(recipe.events[:number]):
        if (loop is not None and loop not in event.loops) or event.gradients is False:
            continue
        if event.did is Did.LOSS or (event.did is Did.FORWARD and models & set(event.subjects)):
            return event
        name = str(event.details.get("method", "")) if event.did is Did.OPAQUE else ""
        if SAYS_LOSS.search(name.rpartition(".")[2]) or (cleared and MODEL.fullmatch(name)):
            return event
    return None


def _may_serve(recipe: Recipe, event: Event, step: Event, optimizer: Optimizer | None) -> bool:
    """It gives, or may give, the gradients that the step needs."""
    if event.did is Did.BACKWARD:
        return optimizer is None or not beyond(recipe, event, optimizer)
    if event.did is Did.GRADIENT:
        return True
    if event.did is not Did.OPAQUE:
        return False
    mine = optimizer is not None and optimizer.key in event.subjects
    around = not step.loops or step.loops[0] in event.loops
    return mine or (around and could(event, COULD_DIFFERENTIATE))
