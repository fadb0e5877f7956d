"""HL115: the target stands where a loss wants the prediction."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import may_train, reached, trains
from nnlint.network.graph import Tensor
from nnlint.network.operations import Family, family
from nnlint.repair import Repair, SwapArguments
from nnlint_checks.head.label_names import says_label, says_output
from nnlint_checks.head.training_losses import loss_api

BY_DATA = frozenset(
    {
        *("cross_entropy", "nll", "bce", "bce_with_logits", "categorical_nll", "sparse_categorical_nll"),
        "categorical_cross_entropy",
    }
)
"""Losses whose first argument is an output: data there are swapped, whatever their name."""
BY_NAME = frozenset({"kl_div", "kl_divergence", "poisson_nll", "poisson", "gaussian_nll", "mape", "msle"})
"""Losses that also compare an output with a distribution that is given: only labels are swapped."""


@check("HL115", level=ERROR, fix=SAFE)
def loss_arguments_swapped(recipe: Recipe) -> Iterator[Finding]:
    """The target and the output of the network are passed to a loss in the wrong order.

    Why: the loss takes the logarithm of the labels and averages over the outputs. Its value and its gradient
    mean nothing, or it raises an error about types and shapes.
    Source: PyTorch documentation of CrossEntropyLoss (input, target); Keras documentation of Loss
    (y_true, y_pred).

    Fires:
        The labels come first.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
        criterion = nn.BCELoss()
        optimizer = torch.optim.Adam(model.parameters())

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(y, model(x))  # error: [HL115]
                loss.backward()
                optimizer.step()
        ```
        ```diff
        -        loss = criterion(y, model(x))
        +        loss = criterion(model(x), y)
        ```
        Keras wants the labels first.
        ```python
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(3)])
        loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        def step(x, y_true):
            with tf.GradientTape() as tape:
                loss = loss_fn(model(x), y_true)  # error: [HL115]
            return tape.gradient(loss, model.trainable_variables)
        ```
        ```diff
        -        loss = loss_fn(model(x), y_true)
        +        loss = loss_fn(y_true, model(x))
        ```
    Silent:
        A loss in which both stand for the same thing; a network that is compared with another one.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        student, teacher = nn.Linear(8, 3), nn.Linear(8, 3)
        x, y = torch.randn(4, 8), torch.randn(4, 3)
        soft = F.softmax(teacher(x), dim=1).detach()
        loss = F.mse_loss(y, student(x)) + F.cross_entropy(student(x), soft)
        loss.backward()
        ```
        A prior that is known, and the posterior that is learned.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        encoder = nn.Linear(8, 4)
        prior = torch.full((2, 4), 0.25).log()
        posterior = F.softmax(encoder(torch.randn(2, 8)), dim=1)
        loss = F.kl_div(prior, posterior, reduction="batchmean")
        loss.backward()
        ```
    """
    spoken = set()
    for use in recipe.losses:
        if use.place in spoken or not _is_swapped(use):
            continue
        spoken.add(use.place)
        name = use.prediction_name[:20] or "the target"
        yield Finding(
            use.place,
            f"{loss_api(use)} gets {name} as prediction and the output as target",
            "swap the two arguments",
            subject=("loss", use.place),
            repairs=(Repair((SwapArguments(use.place),)),),
        )


def _is_swapped(use: LossUse) -> bool:
    if use.target is None or use.loss.kind not in BY_DATA | BY_NAME:
        return False
    if not any(map(trains, reached(use.target))) or any(map(trains, use.prediction.ancestors())):
        return False
    named = says_label(use.prediction_name)
    if not use.prediction.operation.inputs and use.prediction.operation.kind == "unknown":
        told = use.prediction_name != "" and not says_output(use.prediction_name)
        return named or (told and use.loss.kind in BY_DATA and says_output(use.target_name))
    given = _is_given(use.prediction)
    return given and (named or (use.loss.kind in BY_DATA and use.prediction_name != ""))


def _is_given(value: Tensor) -> bool:
    """It is data: nothing that could be trained has a part in it."""
    operations = list(value.ancestors())
    return all(family(o) is not Family.OTHER for o in operations) and not any(
        may_train(o) for o in operations
    )
