"""TL516: a graph is kept for a second backward pass that does not come."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding

USES = (Did.FORWARD, Did.LOSS)


@check("TL516", level=HINT)
def retained_graph(recipe: Recipe) -> Iterator[Finding]:
    """``retain_graph=True`` where no second backward pass goes through the graph.

    Why: the activations stay in memory until the loss is overwritten, so two batches are held at once. Often
    the option only hides the error of a graph that is carried from round to round.
    Source: PyTorch documentation of torch.autograd.backward ("in nearly all cases ... not needed").

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward(retain_graph=True)  # hint: [TL516]
                optimizer.step()
        ```
    Silent:
        Two losses share the graph.
        ```python
        import torch
        from torch import nn

        def train(loader):
            body, a, b = nn.Linear(20, 64), nn.Linear(64, 3), nn.Linear(64, 1)
            optimizer = torch.optim.SGD([*body.parameters(), *a.parameters(), *b.parameters()], lr=0.01)
            for x, y, z in loader:
                optimizer.zero_grad()
                features = body(x).relu()
                nn.functional.cross_entropy(a(features), y).backward(retain_graph=True)
                nn.functional.mse_loss(b(features), z).backward()
                optimizer.step()
        ```
    """
    if not recipe.finished or recipe.framework_steps or recipe.launched:
        return
    for event in recipe.events:
        if event.did is Did.BACKWARD and event.details.get("retain") and _is_alone(recipe, event):
            yield Finding(
                event.place,
                "retain_graph=True keeps the graph for a second backward pass that does not come",
                "drop retain_graph=True",
                subject=("retain", event.place),
            )
            return


def _is_alone(recipe: Recipe, event: Event) -> bool:
    """The loss is computed in the loop of the pass, which is the only one, and nothing is carried over."""
    if not event.loops:
        return False
    here = [e for e in recipe.events if event.loops[-1] in e.loops]
    others = [e for e in recipe.events if e is not event and e.did in (Did.BACKWARD, Did.GRADIENT)]
    kept = [e for e in here if e.did is Did.KEEP]
    opaque = [e for e in here if e.did is Did.OPAQUE and "backward" in str(e.details.get("method", ""))]
    computed = [e for e in here if e.did in USES and e.loops[-1] is event.loops[-1]]
    return bool(computed) and not others and not kept and not opaque
