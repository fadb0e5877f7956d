"""HL107: class scores that cannot be negative."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.scores import affine, rectified
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.stacked_activations import subject
from nnlint_checks.head.training_losses import loss_api, training_uses

ON_SCORES = ("cross_entropy", "categorical_cross_entropy", "bce_with_logits", "multilabel_soft_margin")
ON_PROBABILITIES = ("nll", "bce", "categorical_nll", "sparse_categorical_nll")
SQUASHING = ("softmax", "log_softmax", "sigmoid", "logsigmoid")
OVER_CLASSES = ("softmax", "log_softmax")


@check("HL107", level=ERROR, fix=SAFE, over=("HL111",))
def relu_before_classification_loss(network: Network, recipe: Recipe | None) -> Iterator[Finding]:
    """Class scores are rectified right before the softmax or sigmoid of a classification.

    Why: scores say "no" by being negative. Cut off at 0 they cannot: sigmoid stays at 0.5 or above, a class
    can lose only as far as others grow, so scores drift upwards until the exponential overflows, and where
    the unit is off no gradient passes.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2 (output units are linear).

    Fires:
        ReLU after every layer, the last one included.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(20, 32)
                self.fc2 = nn.Linear(32, 5)
                self.relu = nn.ReLU()

            def forward(self, x):
                x = self.relu(self.fc1(x))
                return self.relu(self.fc2(x))  # error: [HL107]

        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(100):
            x, y = torch.randn(32, 20), torch.randint(0, 5, (32,))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -        return self.relu(self.fc2(x))
        +        return self.fc2(x)
        ```
        Before the sigmoid.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
            nn.ReLU(),  # error: [HL107]
            nn.Sigmoid(),
        )
        loss = nn.BCELoss()(model(torch.randn(32, 20)), torch.ones(32, 1))
        loss.backward()
        ```
        ```diff
        -    nn.ReLU(),
        ```
        Keras: the activation of the last layer.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(5, activation="relu"),  # error: [HL107]
            layers.Softmax(),
        ])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(x_train, y_train, epochs=5)
        ```
        ```diff
        -    layers.Dense(5, activation="relu"),
        +    layers.Dense(5),
        ```
    Silent:
        ReLU between layers, and features for another head.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(20, 32), nn.ReLU())
                self.out = nn.Linear(32, 5)

            def forward(self, x):
                features = self.body(x)
                return self.out(features), features

        scores, features = Net()(torch.randn(32, 20))
        loss = nn.functional.cross_entropy(scores, torch.randint(0, 5, (32,)))
        loss.backward()
        ```
        A map of class evidence that is averaged over the image first, as in SqueezeNet.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 16, 3),
            nn.ReLU(),
            nn.Conv2d(16, 5, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        loss = nn.functional.cross_entropy(model(torch.randn(8, 3, 32, 32)), torch.randint(0, 5, (8,)))
        loss.backward()
        ```
    """
    spoken = set()
    for use, head in _trained(recipe):
        if home(head) not in spoken:
            spoken.add(home(head))
            squashed = use.loss.kind in ON_PROBABILITIES
            yield _finding(
                head, Step(use.place, f"{loss_api(use)} {'follows' if squashed else 'takes them'}")
            )
    if recipe is None or not recipe.losses:
        for output in network.outputs:
            heads = _rectified_before(output, OVER_CLASSES, bare=False)
            for head in heads[:1]:
                if all(affine(last_shaping(h.operation.inputs[0])[0]) for h in heads):
                    yield _finding(head, Step(home(last_shaping(output)[0]), "the softmax over classes"))


def _trained(recipe: Recipe | None) -> Iterator[tuple[LossUse, Tensor]]:
    """Rectified scores that reach a loss over classes, by themselves or through softmax or sigmoid."""
    if recipe is None:
        return
    for use in training_uses(recipe, (*ON_SCORES, *ON_PROBABILITIES)):
        heads = _rectified_before(use.prediction, SQUASHING, bare=use.loss.kind in ON_SCORES)
        if heads:
            yield use, heads[0]


def _rectified_before(value: Tensor, squashing: tuple[str, ...], *, bare: bool) -> tuple[Tensor, ...]:
    """The rectified values that are squashed on every way; ``bare``: or that are given as they are."""
    found: list[Tensor] = []
    for last in last_shaping(value):
        if last.operation.kind in squashing:
            found += last_shaping(last.operation.inputs[0])
        elif bare:
            found.append(last)
        else:
            return ()
    return tuple(found) if all(map(rectified, found)) else ()


def _finding(head: Tensor, way: Step) -> Finding:
    name = api(head.operation)
    inside = (way.place.path, way.place.line) == (home(head).path, home(head).line)
    return Finding(
        home(head),
        f"the scores of a classification are rectified by {name}: they cannot be negative",
        f"leave {name} out after the last layer",
        () if inside else (way,),
        subject=subject(head),
        repairs=left_out(head),
    )
