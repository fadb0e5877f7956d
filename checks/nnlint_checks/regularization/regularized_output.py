"""NR305: dropout or batch norm between the last layer and the loss."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.training_losses import loss_api, training_uses
from nnlint_checks.regularization.dropping import drops, rate_of

ON_SCORES = ("cross_entropy", "categorical_cross_entropy", "bce_with_logits", "hinge")
ON_VALUES = ("mse", "l1", "huber", "smooth_l1", "mape", "log_cosh", "poisson_nll")
ON_PROBABILITIES = ("nll", "bce", "categorical_nll", "sparse_categorical_nll", "kl_div")
SQUASHING = ("softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "hardsigmoid")
HEADS = ("linear", "conv", "conv_transpose", "gemm")


@check("NR305", level=ERROR, fix=SAFE)
def regularized_output(recipe: Recipe) -> Iterator[Finding]:
    """What a loss compares with the target went through dropout or batch norm last.

    Why: dropout sets predictions to 0 at random, whatever the target is; the loss asks for what cannot be
    had, and the output in training is not that of evaluation. Batch norm gives every output mean 0 and
    variance 1 over the batch, so a prediction depends on its neighbours, and scores cannot grow with
    confidence.
    Source: Srivastava et al. 2014, "Dropout", which drops hidden and visible units; Ioffe and Szegedy 2015.

    Fires:
        Dropout after the last layer.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
                self.dropout = nn.Dropout(0.4)

            def forward(self, x):
                x = torch.relu(self.fc1(x))
                return self.dropout(self.fc2(x))  # error: [NR305]

        loss = nn.CrossEntropyLoss()(Net()(torch.randn(8, 20)), torch.zeros(8).long())
        loss.backward()
        ```
        ```diff
        -        self.dropout = nn.Dropout(0.4)
        -        return self.dropout(self.fc2(x))
        +        return self.fc2(x)
        ```
        A regression output that is normalised over the batch.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 64),
            nn.ReLU(),
            nn.Linear(64, 1),
            nn.BatchNorm1d(1),  # error: [NR305]
        )
        loss = nn.functional.mse_loss(model(torch.randn(8, 20)), torch.randn(8, 1))
        loss.backward()
        ```
        Scores are dropped on the way to the softmax.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(3),
            layers.Dropout(0.5),  # error: [NR305]
            layers.Softmax(),
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        model.fit(x_train, y_train, epochs=5)
        ```
        ```diff
        -    layers.Dropout(0.5),
        ```
    Silent:
        Before the last layer.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
                self.dropout, self.norm = nn.Dropout(0.4), nn.BatchNorm1d(64)

            def forward(self, x):
                return self.fc2(self.dropout(torch.relu(self.norm(self.fc1(x)))))

        loss = nn.CrossEntropyLoss()(Net()(torch.randn(8, 20)), torch.zeros(8).long())
        loss.backward()
        ```
        Features that are compared with another network's features, batch norm last.
        ```python
        import torch
        from torch import nn

        def projector():
            return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.BatchNorm1d(32))

        online, target = projector(), projector()
        x = torch.randn(8, 20)
        loss = nn.functional.mse_loss(online(x), target(x).detach())
        loss.backward()
        ```
    """
    for use in training_uses(recipe, (*ON_SCORES, *ON_VALUES, *ON_PROBABILITIES)):
        last = _last(use)
        if last is not None and _predicts(use) and _has_layer(last):
            yield _finding(last, use)


def _last(use: LossUse) -> Operation | None:
    """The dropout or batch norm that shaped the prediction last."""
    operation, squashed = use.prediction.operation, False
    while operation.inputs and (family(operation) is Family.MOVE or operation.kind in SQUASHING):
        squashed = squashed or operation.kind in SQUASHING
        operation = operation.inputs[0].operation
    if operation.kind == "dropout":
        return operation if drops(operation) else None
    normed = operation.kind == "batch_norm" and not squashed and use.loss.kind not in ON_PROBABILITIES
    return operation if normed and operation.proven else None


def _predicts(use: LossUse) -> bool:
    """The target is no value that a network makes: then both are features."""
    return use.target is None or all(o.layer is None for o in use.target.ancestors())


def _has_layer(last: Operation) -> bool:
    """A weighted layer ends the network, and only the norm or dropout comes after it."""
    operation = last.inputs[0].operation
    while operation.inputs and family(operation) in (
        Family.MOVE,
        Family.ACTIVATION,
        Family.NORM,
        Family.DROPOUT,
    ):
        operation = operation.inputs[0].operation
    return operation.kind in HEADS


def _finding(last: Operation, use: LossUse) -> Finding:
    dropped = last.kind == "dropout"
    name = f"{api(last)}({rate_of(last)})" if dropped else api(last)
    does = "drops predictions" if dropped else "normalises predictions over the batch"
    return Finding(
        home(Tensor(last)),
        f"{name} {does} right before {loss_api(use)}",
        f"put the {'dropout' if dropped else 'batch norm'} before the last layer",
        (Step(use.place, f"{loss_api(use)} compares them with the target"),),
        repairs=left_out(Tensor(last)) if dropped else (),
    )
