"""TL525: what is differentiated was not computed by any network."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import may_train, reached, stops, trains
from nnlint.network.graph import Operation
from nnlint.network.operations import Family, family


@check("TL525", level=ERROR)
def loss_without_model(recipe: Recipe) -> Iterator[Finding]:
    """backward is called on a value that depends on no trained weight.

    Why: gradients flow along the operations that made the loss. A tensor built anew from a number
    (``torch.tensor(total, requires_grad=True)``) or a loss of two pieces of data has no way to the weights:
    the call succeeds or raises, and no weight gets a gradient.
    Source: PyTorch documentation, "Autograd mechanics".

    Fires:
        A new tensor.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                wrong = (model(x).argmax(1) != y).sum()
                loss = torch.tensor(float(wrong), requires_grad=True)
                loss.backward()  # error: [TL525]
                optimizer.step()
        ```
        What the network gave comes back as an array.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                found = torch.from_numpy(model(x).detach().numpy()).requires_grad_()  # error: [HL114]
                loss = nn.functional.mse_loss(found, y)
                loss.backward()  # error: [TL525]
                optimizer.step()
        ```
        Data against data.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 20))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for noisy, clean in loader:
                optimizer.zero_grad()
                restored = model(noisy)
                loss = nn.functional.mse_loss(noisy, clean)
                loss.backward()  # error: [TL525]
                optimizer.step()
        ```
    Silent:
        An image is trained, not a network.
        ```python
        import torch
        from torch import nn

        def paint(style, steps):
            image = torch.rand(1, 3, 64, 64, requires_grad=True)
            optimizer = torch.optim.Adam([image], lr=0.05)
            for _ in range(steps):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(image, style)
                loss.backward()
                optimizer.step()
        ```
    """
    if not recipe.finished or recipe.framework_steps or recipe.launched:
        return
    spoken = set()
    for event in recipe.events:
        if event.did is not Did.BACKWARD or not event.loops or event.place in spoken:
            continue
        source = _source(recipe, event)
        if source is not None:
            spoken.add(event.place)
            yield Finding(
                event.place,
                "backward() on a value that no trained weight has a part in: no gradient reaches the network",
                "differentiate the loss of what the network gives",
                trail=(Step(source.place, "it comes from here"),),
                subject=("gradient", event.place),
            )


def _source(recipe: Recipe, event: Event) -> Operation | None:
    """What the value starts from, when that is known to be data alone, and a network is to be trained."""
    value = event.details.get("value")
    stepped = {
        key for e in recipe.events if e.did is Did.STEP and event.loops[-1] in e.loops for key in e.subjects
    }
    trained = [o for o in recipe.optimizers if o.key in stepped]
    if value is None or not trained or not all(o.models for o in trained):
        return None
    names = {name for loop in event.loops for name in loop.variables}
    data = {u.prediction.operation.number for u in recipe.losses if u.prediction_name in names}
    graph = list(reached(value))
    if not graph or any(
        trains(o) or (family(o) is Family.OTHER and not _is_data(o, names, data)) for o in graph
    ):
        return None
    leaves = [o for o in graph if _is_leaf(o)]
    if not all(_is_data(o, names, data) or o.kind == "constant" or _is_anew(o) for o in leaves):
        return None
    return leaves[0] if leaves and not any(map(_is_cut_off, leaves)) else None


def _is_data(operation: Operation, names: set[str], data: set[int]) -> bool:
    """What a loop gives in each round, and is used as it is."""
    written = operation.attributes.get("written", "")
    return not operation.inputs and (operation.number in data or (written != "" and written in names))


def _is_leaf(operation: Operation) -> bool:
    """Nothing that carries gradients goes into it."""
    return all(stops(t.operation) for t in operation.inputs)


def _is_cut_off(operation: Operation) -> bool:
    """It stands for what came out of a network: that the gradient ends there is HL114."""
    behind = [t for cut in operation.inputs for t in cut.operation.inputs]
    return any(may_train(o) for t in behind for o in reached(t))


def _is_anew(operation: Operation) -> bool:
    return bool(operation.attributes.get("requires_grad")) and _is_leaf(operation)
