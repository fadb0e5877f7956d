"""HL109: a softmax, or a cross-entropy's own, over a single value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import home, is_read, last_shaping
from nnlint.network.operations import Family, family
from nnlint_checks.head.left_out import exchanged
from nnlint_checks.head.regression_head import LOSSES as REGRESSIONS
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

CONSTANT = {"softmax": "1", "log_softmax": "0"}
OF_CLASSES = "use a sigmoid for a single output, or give the last layer one output for each class"
OF_QUANTITY = "take the softmax off to predict a quantity, or use a sigmoid to tell two classes apart"
LOSSES = ("cross_entropy", "categorical_cross_entropy")
SCALED = ("categorical_nll", "sparse_categorical_nll")
"""Keras takes these over the last axis; the first divides by the sum there. Scores in them are HL104's."""
PROBABILITY_LOSSES = ("nll", "bce", "categorical_nll", "sparse_categorical_nll", "mse")
PLAIN = (Family.SOURCE, Family.ACTIVATION, Family.NORM, Family.DROPOUT)
PASSING = (Family.MOVE, Family.DROPOUT, Family.COMBINE)
SAME_AXES = (Family.ACTIVATION, Family.NORM, Family.DROPOUT, Family.ARITHMETIC)


@check("HL109", level=ERROR, fix=UNSAFE)
def softmax_over_one_output(recipe: Recipe) -> Iterator[Finding]:
    """A softmax runs over an axis of size 1.

    Why: values that sum to 1 over a single entry are 1: the output is the same whatever comes in, the loss is
    0 from the first step, and no gradient passes. A network with one output for two classes needs a sigmoid.
    Source: PyTorch documentation of Softmax and CrossEntropyLoss.

    Fires:
        A binary classifier with one output ends in a softmax.
        ```python
        import torch
        from torch import nn

        class Binary(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(12, 16)
                self.fc2 = nn.Linear(16, 1)

            def forward(self, x):
                return torch.softmax(self.fc2(torch.relu(self.fc1(x))), dim=-1)  # error: [HL109]

        loss = nn.BCELoss()(Binary()(torch.randn(4, 12)), torch.ones(4, 1))
        loss.backward()
        ```
        ```diff
        -        return torch.softmax(self.fc2(torch.relu(self.fc1(x))), dim=-1)
        +        return torch.sigmoid(self.fc2(torch.relu(self.fc1(x))))
        ```
        Cross-entropy of one score.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        criterion = nn.CrossEntropyLoss()
        for x, y in [(torch.randn(8, 12), torch.zeros(8).long())]:
            optimizer.zero_grad()
            loss = criterion(model(x), y)  # error: [HL109]
            loss.backward()
            optimizer.step()
        ```
        Keras divides by the sum over the classes, of which there is one.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(30,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ])
        model.compile("adam", loss="categorical_crossentropy")  # error: [HL109]
        model.fit(x_train, y_train, epochs=5)
        ```
        Attention whose softmax runs over the one score of a position: every weight is 1.
        ```python
        import torch
        from torch import nn

        class Pooled(nn.Module):
            def __init__(self):
                super().__init__()
                self.score, self.out = nn.Linear(16, 1), nn.Linear(16, 3)

            def forward(self, x):
                weights = torch.softmax(self.score(x), dim=-1)  # error: [HL109]
                return self.out((weights * x).sum(dim=1))

        loss = nn.functional.cross_entropy(Pooled()(torch.randn(8, 5, 16)), torch.zeros(8).long())
        loss.backward()
        ```
        ```diff
        -        weights = torch.softmax(self.score(x), dim=-1)
        +        weights = torch.sigmoid(self.score(x))
        ```
        The last state of a recurrent network has an axis less than the sequence: axis 1 is the single output.
        ```python
        import torch
        from torch import nn

        class Tone(nn.Module):
            def __init__(self):
                super().__init__()
                self.words, self.read = nn.Embedding(50, 4), nn.GRU(4, 8, batch_first=True)
                self.out = nn.Linear(8, 1)

            def forward(self, x):
                _, state = self.read(self.words(x))
                return torch.softmax(self.out(state[-1]), dim=1)  # error: [HL109]

        loss = nn.BCELoss()(Tone()(torch.randint(1, 50, (16, 9))), torch.ones(16, 1))
        loss.backward()
        ```
        ```diff
        -        return torch.softmax(self.out(state[-1]), dim=1)
        +        return torch.sigmoid(self.out(state[-1]))
        ```
    Silent:
        A sequence of a single position: with longer ones the same attention has something to weigh.
        ```python
        import torch
        from torch import nn

        class Pooled(nn.Module):
            def __init__(self):
                super().__init__()
                self.score, self.out = nn.Linear(16, 1), nn.Linear(16, 3)

            def forward(self, x):
                weights = torch.softmax(self.score(x), dim=1)
                return self.out((weights * x).sum(dim=1))

        loss = nn.functional.cross_entropy(Pooled()(torch.randn(8, 1, 16)), torch.zeros(8).long())
        loss.backward()
        ```
        Attention over the sequence: one score a position, and the softmax over the positions.
        ```python
        import torch
        from torch import nn

        class Pooled(nn.Module):
            def __init__(self):
                super().__init__()
                self.score, self.out = nn.Linear(16, 1), nn.Linear(16, 3)

            def forward(self, x):
                weights = torch.softmax(self.score(x), dim=1)
                return self.out((weights * x).sum(dim=1))

        loss = nn.functional.cross_entropy(Pooled()(torch.randn(8, 5, 16)), torch.zeros(8).long())
        loss.backward()
        ```
        A score for each candidate, and cross-entropy over the candidates.
        ```python
        import torch
        from torch import nn

        score = nn.Linear(16, 1)
        candidates = torch.randn(8, 5, 16)
        loss = nn.functional.cross_entropy(score(candidates).squeeze(-1), torch.zeros(8).long())
        loss.backward()
        ```
    """
    spoken = set()
    uses = list(training_uses(recipe, (*LOSSES, *PROBABILITY_LOSSES)))
    heads = {id(t.operation) for use in uses for t in last_shaping(use.prediction)}
    quantities = {id(u.prediction.operation) for u in training_uses(recipe, REGRESSIONS)}
    for network in recipe.models.values():
        consumers = network.consumers()
        for operation in network.operations:
            if operation.kind not in CONSTANT:
                continue
            if _weighs(operation, consumers) and not _over_units(operation):
                continue
            if _over_one(operation) or (id(operation) in heads and _over_one_of_rows(operation)):
                spoken.add(id(operation))
                yield _softmax_finding(operation, network, id(operation) in quantities)
    for use in uses:
        told = any(id(o) in spoken for o in use.prediction.ancestors())
        if _over_classes(use) and _one_class(use) and not told:
            head = last_shaping(use.prediction)[0]
            yield Finding(
                use.place,
                f"{loss_api(use)} over one output, {use.prediction.shape}: the loss is always 0",
                f"use {_binary(use)} for a single output, or give the last layer one output for each class",
                way_to(use, head, f"the last layer gives {head.shape}"),
                subject=("softmax", home(head)),
            )


def _softmax_finding(operation: Operation, network: Network, quantity: bool) -> Finding:
    scores = operation.inputs[0]
    output = Tensor(operation)
    before = last_shaping(scores)[0]
    trail = (Step(home(before), f"makes {before.shape}"),) if before.place.path else ()
    return Finding(
        home(output),
        f"softmax over axis {operation.attributes['axis']} of {scores.shape}, of size 1: "
        f"every output is {CONSTANT[operation.kind]}",
        OF_QUANTITY if quantity else OF_CLASSES,
        trail,
        subject=("softmax", home(output)),
        repairs=exchanged(output, "sigmoid") if operation.kind == "softmax" else (),
    )


def _over_one(operation: Operation) -> bool:
    axis, scores = operation.attributes.get("axis"), operation.inputs[0]
    if axis == 1 and scores.shape.open and _most_axes(scores) == 2:
        axis = -1  # with a single axis there would be no axis 1
    return isinstance(axis, int) and scores.shape.axis(axis) == 1


def _most_axes(value: Tensor) -> int | None:
    """How many axes a value has at most, as recurrent layers take no more than (batch, steps, features)."""
    if value.shape.rank is not None:
        return value.shape.rank
    operation, taken = value.operation, 0
    while operation.kind not in ("rnn", "rnn_state"):
        if operation.kind == "index":
            parts = operation.attributes.get("index", (None,))
            if not all(isinstance(part, int | slice) and not isinstance(part, bool) for part in parts):
                return None
            taken += sum(isinstance(part, int) for part in parts)
        elif len(operation.inputs) != 1 or _moves_axes(operation):
            return None
        operation = operation.inputs[0].operation
    return 3 - taken


def _moves_axes(operation: Operation) -> bool:
    return operation.kind != "linear" and family(operation) not in SAME_AXES


def _over_units(operation: Operation) -> bool:
    """It runs over what a linear layer or a convolution with one output gives: never over positions."""
    scores = operation.inputs[0]
    axis, maker = operation.attributes.get("axis"), scores.operation
    while family(maker) in SAME_AXES and maker.inputs:
        maker = maker.inputs[0].operation
    if not isinstance(axis, int):
        return False
    rank = scores.shape.rank
    from_end = axis if axis < 0 or rank is None else axis - rank
    if maker.kind == "linear":
        return from_end == -1 and maker.attributes.get("out_features") == 1
    dims = maker.attributes.get("dims")
    if maker.kind != "conv" or not isinstance(dims, int):
        return False
    return from_end == -dims - 1 and maker.attributes.get("out_channels") == 1


def _over_one_of_rows(operation: Operation) -> bool:
    """A head over axis 1 of the single output of linear layers: their input is taken to be (N, features)."""
    scores = operation.inputs[0]
    if operation.attributes.get("axis") != 1 or not scores.shape.open or scores.shape.axis(-1) != 1:
        return False
    return all(family(o) in PLAIN or o.kind == "linear" for o in scores.ancestors())


def _weighs(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    """Its values go on as the weights of something: an attention over a single position."""
    return is_read(operation, consumers, lambda reader: family(reader) not in PASSING)


def _over_classes(use: LossUse) -> bool:
    """A loss over classes; of those that take probabilities only what gets values in [0, 1]."""
    bounds = use.prediction.range
    scaled = use.loss.kind in SCALED and bounds is not None and bounds.within(0.0, 1.0)
    return scaled or use.loss.kind in LOSSES


def _of_keras(use: LossUse) -> bool:
    return not use.loss.api.startswith("torch.")


def _binary(use: LossUse) -> str:
    return "binary cross-entropy" if _of_keras(use) else "BCEWithLogitsLoss"


def _one_class(use: LossUse) -> bool:
    """The class axis has size 1: Keras' last, torch's second or that of a layer's outputs."""
    value = use.prediction
    operation, shape = value.operation, value.shape
    if _of_keras(use):
        return shape.axis(-1) == 1
    if shape.rank is not None and shape.rank >= 2:
        return shape.axis(1) == 1
    if operation.kind == "linear":
        return shape.axis(-1) == 1
    dims = operation.attributes.get("dims")
    return operation.kind == "conv" and isinstance(dims, int) and shape.axis(-dims - 1) == 1
