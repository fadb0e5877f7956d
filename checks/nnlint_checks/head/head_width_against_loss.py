"""HL110: as many outputs as the loss, or the classes, do not have."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Labels, LossUse, Recipe
from nnlint.finding import Finding, Level
from nnlint.network.graph import Tensor
from nnlint.network.lookback import home, shaped_by
from nnlint_checks.head.left_out import exchanged
from nnlint_checks.head.trained_head import last_layer
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

BINARY = ("bce", "bce_with_logits")
ONE_OF_K = (
    *("cross_entropy", "nll", "categorical_nll", "sparse_categorical_nll", "categorical_cross_entropy"),
)
OF_PROBABILITIES = ("categorical_nll", "sparse_categorical_nll")
LARGEST_EXCESS = 1
"""Outputs more than classes that have a reason: one for the background or for padding."""
IMAGENET = 1000
"""Outputs of ready-made networks: more than needed, but trained all the same."""


@check("HL110", level=ERROR)
def head_width_against_loss(recipe: Recipe) -> Iterator[Finding]:
    """The number of outputs does not fit the loss or the number of classes.

    Why: a class without an output cannot be learned, and its labels are out of bounds. Binary cross-entropy
    judges each output by itself, which softmax outputs, one of which is right, are not.
    Source: PyTorch documentation of CrossEntropyLoss (target in [0, C)); Keras documentation of
    BinaryCrossentropy.

    Fires:
        Softmax over several classes, and a loss for single yes-or-no outputs.
        ```python
        from tensorflow import keras

        model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(4, activation="softmax")])
        model.compile(optimizer="adam", loss="binary_crossentropy")  # error: [HL110]
        model.fit(x_train, y_train, epochs=5)
        ```
        Sigmoid over classes of which one is right: Keras trains it, but no output says how sure it is.
        ```python
        from tensorflow import keras

        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="sigmoid")])
        model.compile(optimizer="adam", loss="categorical_crossentropy")  # warning: [HL110]
        model.fit(x_train.reshape(-1, 784) / 255, keras.utils.to_categorical(y_train), epochs=5)
        ```
        Nine outputs for ten digits.
        ```python
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 9))
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)  # error: [HL110]
            loss.backward()
            optimizer.step()
        ```
        Weights for classes that have no output.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 4))
        criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.1, 0.2, 0.3, 0.2, 0.2]))
        x, y = torch.randn(8, 20), torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
        loss = criterion(model(x), y)  # error: [HL110]
        loss.backward()
        ```
    Silent:
        Several labels at once; one output a class; an output more for the background.
        ```python
        import torch
        from torch import nn

        num_classes = 4
        body = nn.Sequential(nn.Linear(20, 16), nn.ReLU())
        tags, head = nn.Linear(16, 4), nn.Linear(16, num_classes + 1)
        x, y = torch.randn(8, 20), torch.tensor([0, 1, 2, 3, 4, 0, 0, 0])
        loss = nn.functional.binary_cross_entropy_with_logits(tags(body(x)), torch.ones(8, 4))
        loss = loss + nn.functional.cross_entropy(head(body(x)), y)
        loss.backward()
        ```
    """
    spoken = set()
    for use in training_uses(recipe, BINARY + ONE_OF_K):
        found = _softmax(use) if use.loss.kind in BINARY else None
        found = found or _numbers(use) or _one_unit(use) or _weighed(use) or _several(use)
        found = found or _classes(recipe, use) or _sigmoid(use)
        if found is not None and use.place not in spoken:
            spoken.add(use.place)
            yield found


def _softmax(use: LossUse) -> Finding | None:
    """One of several classes, judged as if each were a question of its own."""
    head = shaped_by(use.prediction, ("softmax",))
    width = head.shape.axis(-1) if head is not None else None
    if head is None or width == 1 or use.loss.kind != "bce" or _picks(use.prediction, head):
        return None  # the probability of one of the classes is picked
    outputs = f"{width} outputs" if isinstance(width, int) else "all outputs"
    return Finding(
        use.place,
        f"{loss_api(use)} judges {outputs} one by one, but softmax makes one choice of them",
        "use the categorical cross-entropy, or sigmoid where several labels can be right",
        way_to(use, head, "softmax over the outputs"),
        subject=("head", home(head)),
    )


def _sigmoid(use: LossUse) -> Finding | None:
    """A question of its own for each of several classes, judged as if they were one choice."""
    head = shaped_by(use.prediction, ("sigmoid",))
    width = head.shape.axis(-1) if head is not None else None
    if head is None or not isinstance(width, int) or width < 2 or use.loss.kind not in OF_PROBABILITIES:
        return None
    if _picks(use.prediction, head):
        return None
    return Finding(
        use.place,
        f"{loss_api(use)} wants one choice of {width} classes, but sigmoid judges them one by one",
        "use softmax for the output, or the binary cross-entropy where several labels can be right",
        way_to(use, head, "sigmoid over the outputs"),
        subject=("head", home(head)),
        level=Level.WARNING,
        repairs=exchanged(head, "softmax"),
    )


def _picks(value: Tensor, head: Tensor) -> bool:
    """A part of the head's outputs is picked on the way."""
    while value.operation is not head.operation and value.operation.inputs:
        if value.operation.kind in ("index", "split", "choice"):
            return True
        value = value.operation.inputs[0]
    return value.operation is not head.operation


def _numbers(use: LossUse) -> Finding | None:
    """The numbers of classes, where a loss wants a yes or no for each output."""
    labels, output, target = use.labels, use.prediction.shape, use.target
    torch = use.loss.api.startswith("torch.") and use.loss.kind in BINARY
    if not torch or labels is None or labels.encoding != "integers" or target is None:
        return None
    width = output.axis(-1)
    if not isinstance(width, int) or width < 2 or target.shape.rank != 1 or output.rank not in (2, None):
        return None
    return Finding(
        use.place,
        f"{loss_api(use)} gets {width} outputs, but {labels.api} gives one class number a sample",
        "use CrossEntropyLoss, which takes the numbers of classes",
        (Step(labels.place, "the labels are numbers of classes"),) if labels.place.path else (),
        subject=("loss", use.place),
    )


def _one_unit(use: LossUse) -> Finding | None:
    """One yes or no for the numbers of more than two classes."""
    labels, width = use.labels, use.prediction.shape.axis(-1)
    if use.loss.kind not in BINARY or labels is None or labels.encoding != "integers" or width != 1:
        return None
    if (labels.classes or 0) < 3 or use.prediction.shape.rank != 2:
        return None
    return Finding(
        use.place,
        f"{loss_api(use)} gets 1 output for the {labels.classes} classes of {labels.api}",
        f"give the last layer {labels.classes} outputs with softmax, and use the sparse categorical loss",
        (Step(labels.place, f"{labels.classes} classes"),) if labels.place.path else (),
        subject=("loss", use.place),
    )


def _several(use: LossUse) -> Finding | None:
    """Several labels can be right at once, and softmax lets them compete."""
    head = shaped_by(use.prediction, ("softmax",))
    labels = use.labels
    if head is None or labels is None or labels.api != "MultiLabelBinarizer":
        return None
    if use.loss.kind not in OF_PROBABILITIES or _picks(use.prediction, head):
        return None
    return Finding(
        use.place,
        "softmax makes one choice, but MultiLabelBinarizer marks all labels of a sample",
        "use sigmoid for the output, and the binary cross-entropy",
        (Step(labels.place, "several labels can be right"),) if labels.place.path else (),
        subject=("head", home(head)),
        repairs=exchanged(head, "sigmoid"),
        level=Level.WARNING,
    )


def _weighed(use: LossUse) -> Finding | None:
    """``weight`` has one value for each class, which torch compares with the outputs."""
    weight, output = use.loss.attributes.get("weight"), use.prediction.shape
    one_of_k = use.loss.kind in ONE_OF_K and use.loss.api.startswith("torch.")
    if not one_of_k or not isinstance(weight, Tensor) or weight.shape.rank != 1 or not output.rank:
        return None
    width, weights = output.axis(1 if output.rank > 1 else 0), weight.shape.axis(0)
    if not isinstance(width, int) or not isinstance(weights, int) or width == weights:
        return None
    return Finding(
        use.place,
        f"{loss_api(use)} has weights of {weights} classes, but gets {width} outputs",
        f"give the last layer {weights} outputs, or each of its {width} a weight",
        (Step(weight.place, f"{weights} weights"),) if weight.place.path else (),
        subject=("loss", use.place),
    )


def _classes(recipe: Recipe, use: LossUse) -> Finding | None:
    """More or fewer outputs than classes."""
    if use.loss.kind not in ONE_OF_K:
        return None
    labels = use.labels if use.labels is not None and use.labels.classes else _named(recipe)
    torch = use.loss.api.startswith("torch.")
    width = use.prediction.shape.axis(1 if torch and use.prediction.shape.rank else -1)
    if labels is None or labels.classes is None or not isinstance(width, int) or width < 2:
        return None
    fits = 0 <= width - labels.classes <= LARGEST_EXCESS or width == IMAGENET
    layer = last_layer(use.prediction)
    if fits or (labels.api == "randint" and width > labels.classes) or layer is None:
        return None
    place = layer.place
    trail = (Step(labels.place, f"{labels.classes} classes"),) if labels.place.path else ()
    if place.path and place.line != use.place.line:
        trail = (Step(place, f"{width} outputs"), *trail)
    return Finding(
        use.place,
        f"{loss_api(use)} gets {width} outputs for the {labels.classes} classes of {labels.api}",
        f"give the last layer {labels.classes} outputs",
        trail,
        subject=("loss", use.place),
    )


def _named(recipe: Recipe) -> Labels | None:
    """What names say, where the program trains one classifier only."""
    heads = {u.prediction.shape.axis(-1) for u in recipe.losses if u.loss.kind in ONE_OF_K}
    known = recipe.classes
    return known if known is not None and (known.classes or 0) > 1 and len(heads) == 1 else None
