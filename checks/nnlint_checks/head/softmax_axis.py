"""HL113: softmax and argmax over an axis that does not hold the classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.batch import Axes, batch_axes, from_front
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import home, last_shaping
from nnlint.network.scores import affine, multiplies_apart, readers_of, weighs
from nnlint.repair import Repair, SetArgument
from nnlint_checks.head.class_axis import ON_AXIS_ONE, ON_LAST_AXIS, UNMOVED, before_moves
from nnlint_checks.head.training_losses import loss_api, training_uses

SOFTMAX = ("softmax", "log_softmax", "softmin")
STEPS = ("training_step", "validation_step", "test_step")  # what Lightning gives a batch of a loader
SQUASHED = (*SOFTMAX, "sigmoid")


@check("HL113", level=ERROR, fix=SAFE)
def softmax_axis(recipe: Recipe) -> Iterator[Finding]:
    """A softmax runs over the batch or another axis than the classes', or does not say over which.

    Why: over axis 0 of (N, C) the samples of a batch compete with each other: the outputs for one depend on
    which others came with it, and no sample has probabilities that sum to 1. Without ``dim`` PyTorch picks
    axis 0 for one or three axes and axis 1 for two or four, and warns. An argmax over the batch gives one
    sample for each class.
    Source: PyTorch documentation of Softmax and nll_loss.

    Fires:
        Over the batch.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(784, 64), nn.Linear(64, 10)

            def forward(self, x):
                x = F.relu(self.fc1(x))
                return F.log_softmax(self.fc2(x), dim=0)  # error: [HL113]

        data = TensorDataset(torch.randn(1000, 784), torch.randint(0, 10, (1000,)))
        model, correct = Net(), 0
        for x, y in DataLoader(data, batch_size=64):
            outputs = model(x)
            F.nll_loss(outputs, y).backward()
            correct += (outputs.argmax(dim=0) == y).sum()  # error: [HL113]
        ```
        ```diff
        -        return F.log_softmax(self.fc2(x), dim=0)
        +        return F.log_softmax(self.fc2(x), dim=-1)
        -    correct += (outputs.argmax(dim=0) == y).sum()
        +    correct += (outputs.argmax(dim=-1) == y).sum()
        ```
        No axis at all.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 5)
                self.softmax = nn.Softmax()  # error: [HL113]

            def forward(self, x):
                return self.softmax(self.fc(x))
        ```
        ```diff
        -        self.softmax = nn.Softmax()
        +        self.softmax = nn.Softmax(dim=-1)
        ```
        Over the width of an image.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        net = nn.Conv2d(3, 21, 1)
        scores = net(torch.randn(4, 3, 64, 64))
        loss = F.nll_loss(
            F.log_softmax(scores, dim=-1),  # error: [HL113]
            torch.zeros(4, 64, 64).long(),
        )
        loss.backward()
        ```
        ```diff
        -    F.log_softmax(scores, dim=-1),
        +    F.log_softmax(scores, dim=1),
        ```
    Silent:
        Attention over the instances of a bag, and over the steps of a sequence that comes first.
        ```python
        import torch
        from torch import nn

        class Bag(nn.Module):
            def __init__(self):
                super().__init__()
                self.features, self.score, self.out = nn.Linear(64, 16), nn.Linear(16, 2), nn.Linear(32, 3)

            def forward(self, bag):
                h = torch.tanh(self.features(bag.squeeze(0)))
                weights = torch.softmax(self.score(h), dim=0)
                return self.out((weights.T @ h).flatten())

        class Steps(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn, self.score, self.out = nn.GRU(8, 16), nn.Linear(16, 1), nn.Linear(16, 3)

            def forward(self, x):
                h, _ = self.rnn(x)
                weights = torch.softmax(self.score(h), dim=0)
                return self.out((weights * h).sum(dim=0))
        ```
        A single sample without a batch axis.
        ```python
        import torch
        from torch import nn

        policy = nn.Linear(4, 2)
        observation = torch.tensor([0.1, 0.2, 0.3, 0.4])
        probabilities = torch.softmax(policy(observation), dim=0)
        action = probabilities.argmax(dim=0)
        ```
    """
    spoken = set()
    for place, finding in (*_by_shape(recipe), *_by_loss(recipe), *_of_maps(recipe)):
        if place not in spoken:
            spoken.add(place)
            yield finding


def _by_shape(recipe: Recipe) -> Iterator[tuple[Place, Finding]]:
    """What the operations show by themselves: no axis, or that of the batch."""
    axes, readers = batch_axes(recipe.operations), readers_of(recipe.operations)
    inside = {id(o) for network in recipe.models.values() for o in network.operations}
    for operation in recipe.operations:
        if operation.kind in SOFTMAX and operation.attributes.get("axis", 0) is None:
            yield _found(
                operation, f"{_name(operation)} without dim: PyTorch guesses one by the number of axes"
            )
        elif (
            operation.kind in SOFTMAX
            and over_batch(operation, axes)
            and (not weighs(operation, readers) or _sums_elsewhere(operation, readers))
        ):
            yield _found(operation, f"{_over(operation)}, the batch: samples compete with each other")
        elif (
            operation.kind == "argmax"
            and id(operation) not in inside
            and over_batch(operation, axes)
            and _of_scores(operation)
            and not _values_only(operation, recipe)
        ):
            yield _found(operation, f"{_over(operation)}, the batch: it gives a sample for each class")


def _sums_elsewhere(operation: Operation, readers: Callable[[Operation], tuple[Operation, ...]]) -> bool:
    """Weights over one axis whose products are summed over another: ``(softmax(s, 0) * h).sum(1)``."""
    own = from_front(operation.attributes.get("axis"), operation.inputs[0])
    products = [reader for reader in readers(operation) if reader.kind == "multiply"]
    sums = [(p, s) for p in products for s in readers(p) if s.kind in ("sum", "mean")]
    axes = [from_front(s.attributes.get("axis"), s.inputs[0]) for _, s in sums]
    if axes:
        return all(axis is not None and axis != own for axis in axes)
    return own is not None and multiplies_apart(operation, own, readers)


def over_batch(operation: Operation, axes: Axes) -> bool:
    """It runs over samples, proven to be more than one at a time and to have several values each."""
    value = operation.inputs[0]
    axis, sizes = from_front(operation.attributes.get("axis"), value), value.shape.sizes
    if axis is None or axis != axes(value) or value.shape.axis(axis) == 1:
        return False
    others = sizes[-1:] if value.shape.open else (*sizes[:axis], *sizes[axis + 1 :])
    return any(isinstance(size, int) and size > 1 for size in others)


def _of_scores(operation: Operation) -> bool:
    head = last_shaping(operation.inputs[0])[0]
    return affine(head) or head.operation.kind in SQUASHED


def _values_only(operation: Operation, recipe: Recipe) -> bool:
    """``torch.max(x, 0)`` gives values and places, and nothing is seen to read the places."""
    twin = any(o.kind in ("max", "min") and o.place == operation.place for o in recipe.operations)
    return twin and not any(t.operation is operation for o in recipe.operations for t in o.inputs)


def _by_loss(recipe: Recipe) -> Iterator[tuple[Place, Finding]]:
    """A softmax whose axis is not the one from which the loss takes the classes."""
    for use in training_uses(recipe, (*ON_AXIS_ONE, *ON_LAST_AXIS)):
        value, wanted = before_moves(use)
        if value.operation.kind in SOFTMAX and _elsewhere(value, wanted, use, recipe):
            message = f"{_over(value.operation)}, but {loss_api(use)} takes the classes from axis {wanted}"
            yield _found(
                value.operation,
                message,
                Step(use.place, f"{loss_api(use)} takes the values"),
                classes=str(wanted),
            )


def _of_maps(recipe: Recipe) -> Iterator[tuple[Place, Finding]]:
    """An argmax over the height or width of class maps that a loss takes with their classes on axis 1."""
    uses = list(training_uses(recipe, ON_AXIS_ONE))
    maps = {id(conv.operation.layer) for use in uses if (conv := _class_maps(use.prediction))}
    for operation in recipe.operations:
        conv = _class_maps(operation.inputs[0]) if operation.kind == "argmax" else None
        axis = operation.attributes.get("axis")
        if conv is None or id(conv.operation.layer) not in maps or not isinstance(axis, int):
            continue
        dims, rank = conv.operation.attributes["dims"], operation.inputs[0].shape.rank
        if -dims <= axis < 0 or (rank is not None and axis >= rank - dims):
            message = f"{_over(operation)}, but the classes are on axis {-dims - 1}"
            yield _found(operation, message, classes="1")


def _class_maps(value: Tensor) -> Tensor | None:
    """The maps of a convolution's layer, as they are or squashed."""
    while value.operation.kind in (*UNMOVED, *SQUASHED) and value.operation.inputs:
        value = value.operation.inputs[0]
    known = value.operation.kind == "conv" and isinstance(value.operation.attributes.get("dims"), int)
    return value if known and value.operation.layer is not None else None


def _elsewhere(value: Tensor, wanted: int, use: LossUse, recipe: Recipe) -> bool:
    axis, rank = value.operation.attributes.get("axis"), value.shape.rank
    if not isinstance(axis, int) or isinstance(axis, bool):
        return False
    if rank is not None:
        return rank > 1 and axis % rank != wanted % rank
    return wanted == 1 and axis == 0 and _on_batches(use, recipe)


def _on_batches(use: LossUse, recipe: Recipe) -> bool:
    """The targets have an axis, or come from a loader: then scores have two at least."""
    if use.target is not None and (use.target.shape.rank or 0) > 0:
        return True
    losses = [e for e in recipe.events if e.did is Did.LOSS and e.place == use.place]
    if recipe.framework_steps and any(e.function in STEPS for e in losses):
        return True
    return any(loop.loader is not None and loop.loader.api for e in losses for loop in e.loops)


def _found(operation: Operation, message: str, *way: Step, classes: str = "-1") -> tuple[Place, Finding]:
    layer = operation.layer
    place = layer.place if layer is not None and layer.kind == operation.kind else operation.place
    used = home(Tensor(operation))
    steps = (Step(used, "used here"),) if (used.path, used.line) != (place.path, place.line) else ()
    ways = tuple(s for s in way if (s.place.path, s.place.line) != (place.path, place.line))
    return place, Finding(
        place,
        message,
        "give the axis that holds the classes: dim=1, or dim=-1",
        (*steps, *ways),
        repairs=tuple(_repairs(operation, place, classes)),
    )


def _repairs(operation: Operation, place: Place, classes: str) -> Iterator[Repair]:
    """The axis is given, or another one in its place: by name, or where a function or method takes it."""
    axis = operation.attributes.get("axis")
    if axis is None:
        yield Repair((SetArgument(place, "dim", (classes,)),))
        return
    for name, position in (("dim", 1), ("dim", 0), ("axis", 1), ("axis", 0)):
        yield Repair((SetArgument(place, name, (classes,), position, expected=(str(axis),)),))


def _over(operation: Operation) -> str:
    return f"{_name(operation)} over axis {operation.attributes['axis']} of {operation.inputs[0].shape}"


def _name(operation: Operation) -> str:
    return operation.kind
