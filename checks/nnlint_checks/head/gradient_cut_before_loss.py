"""HL114: nothing of a training loss gets back to the weights of the network."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Differentiated, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import may_train, reached, stops
from nnlint.network.graph import Layer, Operation, Tensor
from nnlint.network.lookback import api
from nnlint.network.operations import Family, family
from nnlint_checks.head.cut_inside import cut_inside
from nnlint_checks.head.label_names import says_label

CALLED = {
    "constant": "torch.tensor",
    "cast": "a cast to integers",
    "compare": "a comparison",
    "round": "rounding",
    "one_hot": "one_hot",
}

ADDING = ("add", "subtract", "negative", "mean", "sum", "choice", "stack")
"""Operations that put losses together."""


@check("HL114", level=ERROR)
def gradient_cut_before_loss(recipe: Recipe) -> Iterator[Finding]:
    """What stands between the network's output and the training loss has no gradient.

    Why: argmax, comparisons, rounding, integers and values taken out of the graph are constants for
    autograd. The backward pass raises an error, or it runs and never reaches a weight.
    Source: PyTorch documentation, "Autograd mechanics"; documentation of Tensor.detach.

    Fires:
        The classes instead of the scores are compared with the labels.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters())

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                predicted = model(x).argmax(dim=1).float()  # error: [HL114]
                loss = nn.functional.mse_loss(predicted, y.float())
                loss.backward()
                optimizer.step()
        ```
        A new tensor is made of the loss.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(8, 1)
        loss = nn.functional.mse_loss(model(torch.randn(4, 8)), torch.randn(4, 1))
        loss = torch.tensor(loss.item(), requires_grad=True)  # error: [HL114]
        loss.backward()
        ```
        The output is detached.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(8, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def step(x, y):
            loss = nn.functional.mse_loss(model(x).detach(), y)  # error: [HL114]
            loss.backward()
            optimizer.step()
        ```
        The encoder is cut off inside of the network.
        ```python
        import torch
        from torch import nn

        class Reader(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(1000, 64)
                self.score = nn.Linear(64, 3)

            def forward(self, words):
                words = self.embed(words).data  # error: [HL114]
                return self.score(words.mean(1))

        def train(loader):
            model = Reader()
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
            for words, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(words), y).backward()
                optimizer.step()
        ```
    Silent:
        A straight-through estimator: the rounded value goes forward, the gradient past it.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 4), nn.Sigmoid())
        out = model(torch.randn(4, 8))
        hard = out + (out.round() - out).detach()
        loss = nn.functional.mse_loss(hard, torch.randn(4, 4))
        loss.backward()
        ```
        The target comes out of a network whose gradient is not wanted; a metric beside the loss.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        student, teacher = nn.Linear(8, 3), nn.Linear(8, 3)
        x, y = torch.randn(4, 8), torch.tensor([0, 1, 2, 0])
        scores = student(x)
        loss = F.cross_entropy(scores, y) + F.mse_loss(scores, teacher(x).detach())
        loss.backward()
        accuracy = (scores.argmax(dim=1) == y).float().mean().item()
        ```
    """
    spoken = set()
    for given in recipe.differentiated:
        for value, use in _terms(recipe, given):
            anew = use is None and _is_anew(value) and not recipe.optimizers  # with those, TL525 speaks
            cut = value.operation if anew else _cut(value)
            if (
                cut is None
                or cut.place in spoken
                or (not anew and any(_may_train(o) for o in reached(_before_asking(value))))
            ):
                continue
            spoken.add(cut.place)
            met = use.place if use is not None else given.place
            yield Finding(
                cut.place,
                f"no gradient passes {_called(cut)}: nothing before it is trained",
                "compare the network's own output with the targets, and take this step for metrics only",
                (Step(met, "the loss meets the value here"),) if met.line != cut.place.line else (),
                subject=("gradient", cut.place),
            )
    for cut, lost in cut_inside(recipe):
        if cut.place not in spoken:
            spoken.add(cut.place)
            yield _inside(cut, lost)


def _inside(cut: Operation, lost: list[Layer]) -> Finding:
    names = list(dict.fromkeys(layer.api.rpartition(".")[2] for layer in reversed(lost)))
    several = f"{' and '.join(names[:2])}{' and others' if len(names) > 2 else ''}"
    return Finding(
        cut.place,
        f"no gradient passes {_called(cut)}: {several} before it get none, and are never trained",
        "take it out, or freeze the layers before it and leave them out of the optimizer",
        tuple(Step(layer.place, "never trained") for layer in lost[:3]),
        subject=("gradient", cut.place),
    )


def _terms(recipe: Recipe, given: Differentiated) -> Iterator[tuple[Tensor, LossUse | None]]:
    """What is differentiated as a whole, and the predictions of its losses whose target is no output."""
    yield given.value, None
    made = {id(o.inputs[0]) for o in _summands(given.value) if o.kind == "loss" and o.inputs}
    for use in recipe.losses:
        if id(use.prediction) in made and _is_truth(use):
            yield use.prediction, use


def _before_asking(value: Tensor) -> Tensor:
    """A loss that is told to require a gradient, ``loss.requires_grad_(True)``, has none but its own."""
    operation = value.operation
    asks = operation.kind == "identity" and operation.attributes.get("requires_grad")
    return operation.inputs[0] if asks else value


def _summands(value: Tensor) -> Iterator[Operation]:
    """The losses whose sum is differentiated; one that only weighs another is none of them."""
    todo, seen = [value], set()
    while todo:
        operation = todo.pop().operation
        if operation.number in seen or stops(operation):
            continue
        seen.add(operation.number)
        yield operation
        todo += [t for t in operation.inputs if _adds(operation, t)]


def _adds(operation: Operation, part: Tensor) -> bool:
    if operation.kind in ("multiply", "divide"):
        others = [t for t in operation.inputs if t is not part]
        return not any(may_train(o) for t in others for o in reached(t))
    return operation.kind in ADDING or family(operation) is Family.MOVE


def _may_train(operation: Operation) -> bool:
    """It has weights, or could have: what is called a label has none."""
    return may_train(operation) and not says_label(operation.attributes.get("written", ""))


def _is_truth(use: LossUse) -> bool:
    if use.target is None:
        return says_label(use.target_name)
    return not any(map(may_train, reached(use.target)))


def _is_anew(value: Tensor) -> bool:
    """``torch.tensor(loss_value, requires_grad=True)`` of what is not known: a leaf is differentiated."""
    operation = value.operation
    told = operation.attributes.keys() - {"shape", "requires_grad"}
    asks = operation.attributes.get("requires_grad") is True
    return operation.kind == "constant" and asks and not told and value.range is None


def _cut(value: Tensor) -> Operation | None:
    """The first operation after the weights that stops the gradient."""
    for operation in value.ancestors():
        if stops(operation) and any(may_train(o) for t in operation.inputs for o in reached(t)):
            return operation
    return None


def _called(operation: Operation) -> str:
    named = operation.name if operation.kind == "detach" else ""
    return CALLED.get(operation.kind) or named or api(operation)
