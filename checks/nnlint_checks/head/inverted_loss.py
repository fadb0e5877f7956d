"""HL124: a loss by hand that is smallest where the prediction is worst."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint.network.evaluation import Numbers, Uncertain, evaluate
from nnlint.network.facts import UNBOUNDED
from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family

MARGIN = 0.05  # of a loss by which a worse prediction has to be cheaper: dice goes from 0.9 to 0.2
MASKS = ((1.0, 0.0, 1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0, 1.0, 1.0))
AMOUNTS = ((1.0, -0.5, 2.0, 0.3, -1.2, 0.7), (0.2, 1.5, -0.8, -2.0, 0.9, 0.4))
SURE = 0.9  # of a prediction that is nearly right; the worst one is as sure of the opposite
UPHILL = frozenset({"maximize", "maximise", "ascent", "adversary", "adversarial", "attack", "unlearn"})
"""Words of programs that go up on purpose."""


@check("HL124", level=ERROR)
def inverted_loss(recipe: Recipe) -> Iterator[Finding]:
    """A measure of agreement is minimised as if it were a loss.

    Why: the optimiser makes the value smaller. A dice score, an intersection over union or a correlation
    grows with the agreement of prediction and target: minimised as it is, the network learns to miss the
    target. The same happens where the minus of a cross-entropy by hand is forgotten.
    Source: Milletari, Navab, Ahmadi, "V-Net", 2016 (the dice coefficient is maximised); the formula itself,
    which is computed here for a prediction that is nearly right and one that is nearly all wrong.

    Fires:
        The dice score itself, not one minus the score.
        ```python
        import torch
        from torch import nn

        class Dice(nn.Module):
            def forward(self, prediction, mask):
                prediction, mask = prediction.view(-1), mask.view(-1)
                shared = (prediction * mask).sum()
                return (2 * shared + 1) / (prediction.sum() + mask.sum() + 1)  # error: [HL124]

        model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Sigmoid())
        optimizer = torch.optim.Adam(model.parameters())
        criterion = Dice()

        def train(train_loader):
            for image, mask in train_loader:
                loss = criterion(model(image), mask)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
    Silent:
        A cost that is expected under the probabilities: it is to be small.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4), nn.Softmax(dim=1))
        optimizer = torch.optim.Adam(model.parameters())

        def train(train_loader):
            for x, cost in train_loader:
                loss = (model(x) * cost).sum(dim=1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
        One minus the score, its negative, and its negative logarithm.
        ```python
        import torch
        from torch import nn

        class Dice(nn.Module):
            def forward(self, prediction, mask):
                prediction, mask = prediction.view(-1), mask.view(-1)
                shared = (prediction * mask).sum()
                return (2 * shared + 1) / (prediction.sum() + mask.sum() + 1)

        model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Sigmoid())
        optimizer = torch.optim.Adam(model.parameters())
        criterion = Dice()

        def train(train_loader):
            for image, mask in train_loader:
                for loss in (
                    1 - criterion(model(image), mask),
                    -criterion(model(image), mask),
                    -torch.log(criterion(model(image), mask)),
                ):
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
        ```
    """
    spoken: set[Place] = set()
    steps = recipe.framework_steps or any(event.did is Did.STEP for event in recipe.events)
    for differentiated in recipe.differentiated if steps and not recipe.words & UPHILL else ():
        value = differentiated.value
        parts = None if value.operation.place in spoken else _parts(value)
        if parts is None or not _is_inverted(value, *parts):
            continue
        spoken.add(value.operation.place)
        yield Finding(
            value.operation.place,
            "this grows with the agreement of prediction and target, and is minimised",
            "minimise one minus the score, or put a minus before it",
            (Step(differentiated.place, "its gradient is followed downhill"),),
            subject=("loss", value.operation.place),
        )


def _parts(value: Tensor) -> tuple[Tensor, list[Operation]] | None:
    """The one prediction in a formula, and the target, as all operations that stand for it."""
    predictions: dict[int, Tensor] = {}
    targets: dict[object, list[Operation]] = {}
    todo, seen = [value], set[int]()
    while todo:
        tensor = todo.pop()
        operation = tensor.operation
        if operation.number in seen:
            continue
        seen.add(operation.number)
        if family(operation) in (Family.WEIGHTED, Family.ACTIVATION) and operation.kind not in ("exp",):
            predictions[operation.number] = tensor
        elif operation.kind in ("input", "unknown") or _varies(tensor):
            targets.setdefault(operation.attributes.get("written") or operation.number, []).append(operation)
        elif not operation.inputs and operation.kind != "constant":
            return None
        else:
            todo += operation.inputs
    if len(predictions) != 1 or len(targets) != 1:
        return None
    (prediction,), (target,) = predictions.values(), targets.values()
    return (prediction, target) if _compares(value, prediction.operation) else None


def _varies(value: Tensor) -> bool:
    """Made-up data, and no number."""
    bounds = value.range
    return value.operation.kind == "constant" and (bounds is None or bounds.low < bounds.high)


def _compares(value: Tensor, prediction: Operation) -> bool:
    """A share of something that the prediction is in itself, or the logarithms of it and of the rest.

    A mere product with the other value may be a cost, or a weight.
    """
    logarithms = 0
    for operation in value.ancestors():
        if operation.kind == "divide" and len(operation.inputs) == 2:
            if any(o is prediction for o in operation.inputs[1].ancestors()):
                return True
        elif operation.kind == "log" and any(o is prediction for o in operation.inputs[0].ancestors()):
            logarithms += 1
    return logarithms > 1


def _is_inverted(value: Tensor, prediction: Tensor, target: list[Operation]) -> bool:
    bounds = prediction.range
    shares = bounds is not None and bounds.within(0.0, 1.0)
    if not shares and bounds != UNBOUNDED:
        return False
    for wanted in MASKS if shares else AMOUNTS:
        near = tuple(SURE * y + (1 - SURE) / 2 for y in wanted)
        far = tuple(1 - p for p in near) if shares else tuple(-p for p in near)
        good, bad = (_loss(value, prediction, given, target, wanted) for given in (near, far))
        if good is None or bad is None or good <= bad + MARGIN * max(abs(good), abs(bad)):
            return False
    return True


def _loss(
    value: Tensor, prediction: Tensor, given: Numbers, target: list[Operation], wanted: Numbers
) -> float | None:
    known = {operation.number: wanted for operation in target} | {prediction.operation.number: given}
    try:
        result = evaluate(value, known)
    except Uncertain:
        return None
    return result if isinstance(result, float) else None
