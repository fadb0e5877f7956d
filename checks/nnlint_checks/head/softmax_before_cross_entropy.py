"""HL101: probabilities where cross-entropy wants scores."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, WARNING, check
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.facts import Meaning
from nnlint.network.graph import Tensor
from nnlint.network.lookback import api, home, shaped_by
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

LOSSES = ("cross_entropy", "categorical_cross_entropy")
SOFTMAX = ("softmax", "softmin", "gumbel_softmax")
LOG_SOFTMAX = ("log_softmax",)
EXPONENTIAL = ("exp",)
"""Of a log-softmax: the softmax again."""
BOUNDED = ("sigmoid", "hardsigmoid", "tanh", "hardtanh", "softsign")
WIDEST = 2.0  # the interval of tanh; scores that are clipped far outside of it may still decide


@check("HL101", level=ERROR, fix=SAFE)
def softmax_before_cross_entropy(recipe: Recipe) -> Iterator[Finding]:
    """Softmax, sigmoid or tanh reaches a cross-entropy that applies its own softmax.

    Why: log-softmax of values in [0, 1] cannot come near 0: with ten classes the loss of a perfect answer is
    still 1.46, and gradients shrink, since the slopes of both are multiplied. The network trains
    slowly, stops early, and the reported loss means nothing. A log-softmax before it changes nothing, so it
    is only a warning.
    Source: PyTorch documentation of CrossEntropyLoss ("input is expected to contain the unnormalized
    logits"); Keras documentation, ``from_logits``.

    Fires:
        The model ends in a softmax, the loss is in another function.
        ```python
        import torch
        from torch import nn
        import torch.nn.functional as F

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(20, 32)
                self.fc2 = nn.Linear(32, 5)

            def forward(self, x):
                return F.softmax(self.fc2(F.relu(self.fc1(x))), dim=1)

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)  # error: [HL101]
                loss.backward()
                optimizer.step()

        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        data = torch.utils.data.TensorDataset(torch.randn(64, 20), torch.randint(0, 5, (64,)))
        loader = torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)
        fit(model, loader, nn.CrossEntropyLoss(), optimizer)
        ```
        ```diff
        -        return F.softmax(self.fc2(F.relu(self.fc1(x))), dim=1)
        +        return self.fc2(F.relu(self.fc1(x)))
        ```
        A sigmoid for each class: no score can be more than 1 above another one.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 2), nn.Sigmoid())
        optimizer = torch.optim.Adam(model.parameters())
        for step in range(100):
            x, y = torch.randn(32, 13), torch.randint(0, 2, (32,))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)  # error: [HL101]
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 2), nn.Sigmoid())
        +model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 2))
        ```
        Keras: ``from_logits=True`` after a softmax.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(5, activation="softmax"),
        ])
        model.compile(
            optimizer="adam",
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # error: [HL101]
        )
        model.fit(x_train, y_train, epochs=5)
        ```
        ```diff
        -    layers.Dense(5, activation="softmax"),
        +    layers.Dense(5),
        ```
    Silent:
        The training step uses the scores; softmax is taken for prediction only.
        ```python
        import torch
        from torch import nn
        import torch.nn.functional as F

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 5)

            def forward(self, x):
                scores = self.fc(x)
                return scores if self.training else F.softmax(scores, dim=1)

            @torch.no_grad()
            def predict(self, x):
                return F.softmax(self.fc(x), dim=1)

        def fit(model, loader):
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
            model.eval()
            return model.predict(x)

        data = torch.utils.data.TensorDataset(torch.randn(64, 20), torch.randint(0, 5, (64,)))
        fit(Net(), torch.utils.data.DataLoader(data, batch_size=16, shuffle=True))
        ```
        A softmax inside (attention) with a layer after it.
        ```python
        import torch
        from torch import nn
        import torch.nn.functional as F

        class Pooled(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(16, 1)
                self.out = nn.Linear(16, 3)

            def forward(self, x):
                weights = torch.softmax(self.score(x), dim=1)
                return self.out((weights * x).sum(dim=1))

        loss = F.cross_entropy(Pooled()(torch.randn(8, 5, 16)), torch.zeros(8).long())
        loss.backward()
        ```
    """
    spoken = set()
    for use in training_uses(recipe, LOSSES):
        head = shaped_by(use.prediction, (*SOFTMAX, *LOG_SOFTMAX, *EXPONENTIAL, *BOUNDED), averaged=True)
        if head is None or home(head) in spoken or not (gives := _what_it_gives(head)):
            continue
        spoken.add(home(head))
        name = api(head.operation)
        redundant = head.operation.kind in LOG_SOFTMAX
        effect = "which it computes itself" if redundant else "and applies softmax again"
        if head.operation.kind in BOUNDED:
            effect = "and applies softmax: no class can win"
        yield Finding(
            use.place,
            f"{loss_api(use)} gets {gives} of {name}, {effect}",
            f"pass the scores to {loss_api(use)} and leave {name} out; take it for prediction only",
            way_to(use, head, f"{name} makes {gives} here"),
            subject=("head", home(head)),
            repairs=left_out(head) if head.operation.kind not in EXPONENTIAL else (),
            level=WARNING if redundant else None,
        )


def _what_it_gives(head: Tensor) -> str:
    """``probabilities``, ``log-probabilities``, ``values in [-1, 1]``; "" for an exponential of anything."""
    kind, bounds = head.operation.kind, head.range
    if kind in BOUNDED:
        narrow = bounds is not None and bounds.high - bounds.low <= WIDEST
        return f"values in {bounds}" if narrow else ""
    if kind in EXPONENTIAL and head.role.meaning is not Meaning.PROBABILITIES:
        return ""
    return "log-probabilities" if kind in LOG_SOFTMAX else "probabilities"
