"""HL102: probabilities where binary cross-entropy wants logits."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor
from nnlint.network.lookback import api, home, shaped_by
from nnlint.repair import Named, Part, Repair, Replace
from nnlint_checks.head.left_out import left_out
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

SQUASHING = ("sigmoid", "hardsigmoid", "logsigmoid", "softmax")


OF_PROBABILITIES = {
    "torch.nn.BCEWithLogitsLoss": "torch.nn.BCELoss",
    "torch.nn.functional.binary_cross_entropy_with_logits": "torch.nn.functional.binary_cross_entropy",
}


@check("HL102", level=ERROR, fix=SAFE)
def sigmoid_before_bce_with_logits(recipe: Recipe) -> Iterator[Finding]:
    """Sigmoid reaches a binary cross-entropy that applies its own.

    Why: the sigmoid of a value in [0, 1] lies between 0.5 and 0.73. The network can never say "no", the loss
    cannot fall below 0.31 for a positive and 0.69 for a negative, and gradients are at most a quarter.
    Source: PyTorch documentation of BCEWithLogitsLoss.

    Fires:
        The last layer of a Sequential is a Sigmoid.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
        criterion = nn.BCEWithLogitsLoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(100):
            x, y = torch.randn(32, 12), torch.ones(32, 1)
            optimizer.zero_grad()
            loss = criterion(model(x), y)  # error: [HL102]
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
        +model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
        ```
    Silent:
        The sigmoid is for the accuracy only.
        ```python
        import torch
        from torch import nn
        from torch.nn.functional import binary_cross_entropy_with_logits

        model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(100):
            x, y = torch.randn(32, 12), torch.ones(32, 1)
            logits = model(x)
            probabilities = torch.sigmoid(logits)
            accuracy = ((probabilities > 0.5) == y).float().mean()
            optimizer.zero_grad()
            loss = binary_cross_entropy_with_logits(logits, y)
            loss.backward()
            optimizer.step()
        ```
        A gate inside: the sigmoid's value is multiplied with another.
        ```python
        import torch
        from torch import nn

        class Gated(nn.Module):
            def __init__(self):
                super().__init__()
                self.gate, self.value = nn.Linear(8, 1), nn.Linear(8, 1)

            def forward(self, x):
                return self.value(x) * torch.sigmoid(self.gate(x))

        loss = nn.BCEWithLogitsLoss()(Gated()(torch.randn(4, 8)), torch.ones(4, 1))
        loss.backward()
        ```
    """
    spoken = set()
    for use in training_uses(recipe, ("bce_with_logits",)):
        head = shaped_by(use.prediction, SQUASHING, averaged=True)
        if head is None or home(head) in spoken:
            continue
        spoken.add(home(head))
        name = api(head.operation)
        yield Finding(
            use.place,
            f"{loss_api(use)} gets the output of {name}, not logits, and applies sigmoid again",
            f"leave {name} out of what is trained; take it for prediction only",
            way_to(use, head, f"{name} squashes the logits here"),
            subject=("head", home(head)),
            repairs=(*left_out(head), *_other_loss(use, head)),
        )


def _other_loss(use: LossUse, head: Tensor) -> tuple[Repair, ...]:
    """Where the program goes on with probabilities, the loss can take them."""
    if use.loss.api not in OF_PROBABILITIES or head.operation.kind != "sigmoid":
        return ()
    if use.loss.attributes.get("pos_weight", "not known") is not None:
        return ()  # which BCELoss does not take
    new = (Named(OF_PROBABILITIES[use.loss.api]),)
    return (Repair((Replace(use.loss.place, new, Part.FUNCTION),)),)
