"""HL104: values outside of [0, 1] where a cross-entropy takes the logarithm of probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.operations import Family, family
from nnlint.repair import Named, Part, Repair, Replace, SetArgument
from nnlint_checks.head.left_out import exchanged
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

LOSSES = ("bce", "categorical_nll", "sparse_categorical_nll")
WITH_LOGITS = {
    "torch.nn.BCELoss": "torch.nn.BCEWithLogitsLoss",
    "torch.nn.functional.binary_cross_entropy": "torch.nn.functional.binary_cross_entropy_with_logits",
}
OF_KERAS = {
    "bce": ("binary_crossentropy", "BinaryCrossentropy"),
    "categorical_nll": ("categorical_crossentropy", "CategoricalCrossentropy"),
    "sparse_categorical_nll": ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
}
"""Kind of loss -> its name and its class."""
AFFINE = ("linear", "bilinear", "gemm", "conv", "conv_transpose")
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")


@check("HL104", level=ERROR, fix=UNSAFE)
def bce_loss_needs_probabilities(recipe: Recipe) -> Iterator[Finding]:
    """Values that are no probabilities reach a loss that takes their logarithm.

    Why: BCELoss raises an error for values outside of [0, 1]; losses of other libraries clip them, and what
    is clipped has no gradient.
    Source: PyTorch documentation of BCELoss; Keras documentation of BinaryCrossentropy (``from_logits``).

    Fires:
        A linear layer right before BCELoss.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(12, 16)
                self.fc2 = nn.Linear(16, 1)

            def forward(self, x):
                return self.fc2(torch.relu(self.fc1(x))).squeeze(1)

        model = Net()
        criterion = nn.BCELoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(100):
            optimizer.zero_grad()
            loss = criterion(model(torch.randn(32, 12)), torch.ones(32))  # error: [HL104]
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -criterion = nn.BCELoss()
        +criterion = nn.BCEWithLogitsLoss()
        ```
        Tanh gives values down to -1.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1), nn.Tanh())
        loss = F.binary_cross_entropy(model(torch.randn(32, 12)), torch.ones(32, 1))  # error: [HL104]
        loss.backward()
        ```
        ```diff
        -model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1), nn.Tanh())
        +model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
        ```
        Keras' losses want probabilities unless told otherwise.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(12,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ])
        model.compile(optimizer="adam", loss="binary_crossentropy")  # error: [HL104]
        model.fit(x_train, y_train, epochs=5)
        ```
        ```diff
        -model.compile(optimizer="adam", loss="binary_crossentropy")
        +model.compile(optimizer="adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
        ```
    Silent:
        Tanh moved into [0, 1], softmax, and a clamp.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        body = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 2))
        x, y = torch.randn(32, 12), torch.ones(32, 2)
        loss = F.binary_cross_entropy((torch.tanh(body(x)) + 1) / 2, y)
        loss = loss + F.binary_cross_entropy(F.softmax(body(x), dim=1)[:, 1], y[:, 1])
        loss = loss + F.binary_cross_entropy(body(x).clamp(0, 1), y)
        loss.backward()
        ```
        A program whose model ends in Sigmoid for training and gives logits for export only.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, export=False):
                super().__init__()
                self.fc, self.export = nn.Linear(12, 1), export

            def forward(self, x):
                logits = self.fc(x)
                return logits if self.export else torch.sigmoid(logits)

        loss = nn.BCELoss()(Net()(torch.randn(32, 12)), torch.ones(32, 1))
        loss.backward()
        ```
    """
    spoken = set()
    for use in training_uses(recipe, LOSSES):
        heads = last_shaping(use.prediction)
        head = heads[0]
        if home(head) in spoken or not all(map(_is_no_probability, heads)):
            continue
        spoken.add(home(head))
        name = api(head.operation)
        yield Finding(
            use.place,
            f"{loss_api(use)} wants probabilities, but {name} gives values in {head.range}",
            "put a sigmoid before the loss, or use the variant of the loss that takes logits",
            way_to(use, head, f"{name} gives the values here"),
            subject=("head", home(head)),
            repairs=_repairs(use, head),
        )


def _repairs(use: LossUse, head: Tensor) -> tuple[Repair, ...]:
    """A linear head keeps its scores, and the loss takes them; another activation gives way to a sigmoid."""
    if family(head.operation) is Family.ACTIVATION:
        return exchanged(head, "sigmoid") if use.loss.kind == "bce" else ()
    place, name = use.loss.place, use.loss.api
    if name in WITH_LOGITS:
        return (Repair((Replace(place, (Named(WITH_LOGITS[name]),), Part.FUNCTION),)),)
    if use.loss.kind not in OF_KERAS:
        return ()
    snake, camel = OF_KERAS[use.loss.kind]
    built = (Named(f"keras.losses.{camel}"), "(from_logits=True)")
    return (
        Repair((Replace(place, built, expected=(f'"{snake}"', f"'{snake}'")),)),
        Repair((SetArgument(place, "from_logits", ("True",)),)),
    )


def _is_no_probability(value: Tensor) -> bool:
    """Proven to leave [0, 1]: by a layer, norm or activation, not by arithmetic whose terms may depend."""
    operation = value.operation
    known = operation.kind in (*AFFINE, *NORMS) or family(operation) is Family.ACTIVATION
    return known and value.range is not None and not value.range.within(0.0, 1.0)
