"""TL542: a second backward pass needs a graph that the first one has freed."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Operation, Tensor
from nnlint_checks.loop.order import implied


@check("TL542", level=ERROR)
def freed_graph_differentiated(recipe: Recipe) -> Iterator[Finding]:
    """backward goes once more through layers whose saved values an earlier backward has freed.

    Why: ``backward`` frees what the layers saved on its way. A second pass through the same layers (a loss of
    the same output, of samples that were not detached, or of an output that was computed before the loop)
    raises "Trying to backward through the graph a second time".
    Source: PyTorch documentation of Tensor.backward (retain_graph) and "Autograd mechanics" (saved tensors).

    Fires:
        The discriminator's loss goes back into the generator, too.
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
                loss_d = critic(fake).mean() - critic(real).mean()
                loss_d.backward()
                optimizer_d.step()
                optimizer_g.zero_grad()
                loss_g = -critic(fake).mean()
                loss_g.backward()  # error: [TL542]
                optimizer_g.step()
        ```
        The network runs once, before the loop.
        ```python
        import torch
        from torch import nn

        def train(x, y):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            scores = model(x)
            for epoch in range(100):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(scores, y)
                loss.backward()  # error: [TL542]
                optimizer.step()
        ```
    Silent:
        Both losses have a pass of their own, or the first one keeps the graph.
        ```python
        import torch
        from torch import nn

        def train(loader):
            body = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
            first, second = nn.Linear(64, 3), nn.Linear(64, 1)
            parts = [*body.parameters(), *first.parameters(), *second.parameters()]
            optimizer = torch.optim.SGD(parts, lr=0.01, weight_decay=1e-4)
            for x, y, z in loader:
                optimizer.zero_grad()
                features = body(x)
                nn.functional.cross_entropy(first(features), y).backward(retain_graph=True)
                nn.functional.mse_loss(second(features).squeeze(1), z).backward()
                nn.functional.cross_entropy(first(body(x)), y).backward()
                optimizer.step()
        ```
        Each of two branches differentiates once.
        ```python
        import torch
        from torch import nn

        def train(loader, warm):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for number, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                if number < warm:
                    (0.1 * loss).backward()
                else:
                    loss.backward()
                optimizer.step()
        ```
    """
    if not recipe.finished:
        return
    spoken = set()
    passes = [
        e for e in recipe.events if e.did is Did.BACKWARD and isinstance(e.details.get("value"), Tensor)
    ]
    for number, event in enumerate(passes):
        found = _before(passes[:number], event) or _ahead_of_loop(recipe, event)
        if found is not None and event.place not in spoken:
            spoken.add(event.place)
            shared, trail = found
            yield Finding(
                event.place,
                f"backward() goes through {_called(shared)} again: the pass before has freed what it saved",
                "compute the value anew, detach() it for the first loss, or add the losses up",
                trail=trail,
                subject=("graph", event.place),
            )


def _before(earlier: list[Event], event: Event) -> tuple[Operation, tuple[Step, ...]] | None:
    """An earlier pass of the same round that has gone through the same layers."""
    for other in reversed(earlier):
        if (
            other.loops != event.loops
            or not implied(other, event)
            or other.details.get("retain") is not False
        ):
            continue
        shared = _shared(other.details["value"], event.details["value"])
        if shared is not None:
            ran = Step(shared.place, "this ran once")
            return shared, (ran, Step(other.place, "differentiated here first, and freed"))
    return None


def _shared(first: Tensor, second: Tensor) -> Operation | None:
    """Layers with trained weights that both have a gradient for: they save their inputs."""
    mine = {operation.number for operation in reached(first)}
    return next((o for o in reached(second) if o.number in mine and _saves(o)), None)


def _saves(operation: Operation) -> bool:
    return operation.layer is not None and operation.recorded and trains(operation)


def _ahead_of_loop(recipe: Recipe, event: Event) -> tuple[Operation, tuple[Step, ...]] | None:
    """The value rests on a forward pass from before the innermost loop."""
    if not event.loops or event.details.get("retain") is not False or not event.certain:
        return None
    loop = event.loops[-1]
    first = next(n for n, e in enumerate(recipe.events) if loop in e.loops)
    given = {
        output.operation.number
        for e in recipe.events[:first]
        if e.did is Did.FORWARD and e.loops == event.loops[:-1] and e.gradients is not False
        for output in e.details.get("outputs", ())
    }
    graph = list(reached(event.details["value"]))
    saved = [o for o in graph if _saves(o)]
    if loop.count == 1 or not saved or not any(o.number in given for o in graph) or _anew(recipe, event):
        return None
    return saved[0], (Step(saved[0].place, "this ran once, before the loop"),)


def _anew(recipe: Recipe, event: Event) -> bool:
    """A network that the value rests on runs in the loop, too: later rounds may differentiate that."""
    here = {
        key
        for e in recipe.events
        if e.did is Did.FORWARD and event.loops[-1] in e.loops
        for key in e.subjects
    }
    before = {
        key
        for e in recipe.events
        if e.did is Did.FORWARD and event.loops[-1] not in e.loops
        for key in e.subjects
    }
    return bool(here & before)


def _called(operation: Operation) -> str:
    layer = operation.layer
    return layer.api.rpartition(".")[2] if layer is not None else operation.kind
