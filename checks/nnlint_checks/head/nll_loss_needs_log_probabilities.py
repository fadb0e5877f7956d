"""HL103: scores or probabilities where NLLLoss takes log-probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor
from nnlint.network.lookback import home
from nnlint.repair import Named, Part, Repair, Replace
from nnlint_checks.head.left_out import in_logarithms
from nnlint_checks.head.log_probabilities import giver, no_log_probabilities, what_it_gives
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to

OF_SCORES = {
    "torch.nn.NLLLoss": "torch.nn.CrossEntropyLoss",
    "torch.nn.functional.nll_loss": "torch.nn.functional.cross_entropy",
}


@check("HL103", level=ERROR, fix=SAFE)
def nll_loss_needs_log_probabilities(recipe: Recipe) -> Iterator[Finding]:
    """Values that are no log-probabilities reach NLLLoss.

    Why: NLLLoss only picks the entry of the right class and turns its sign. Of probabilities it makes a loss
    between -1 and 0 whose gradient does not grow with the error; of scores one without a lower bound, which
    falls for ever while the network learns nothing.
    Source: PyTorch documentation of NLLLoss ("the input is expected to contain log-probabilities").

    Fires:
        The model gives scores.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(20, 32)
                self.fc2 = nn.Linear(32, 5)

            def forward(self, x):
                return self.fc2(torch.relu(self.fc1(x)))

        model = Net()
        criterion = nn.NLLLoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(100):
            x, y = torch.randn(32, 20), torch.randint(0, 5, (32,))
            optimizer.zero_grad()
            loss = criterion(model(x), y)  # error: [HL103]
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -criterion = nn.NLLLoss()
        +criterion = nn.CrossEntropyLoss()
        ```
        Softmax without the logarithm.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5), nn.Softmax(dim=1))
        loss = F.nll_loss(model(torch.randn(32, 20)), torch.randint(0, 5, (32,)))  # error: [HL103]
        loss.backward()
        ```
        ```diff
        -model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5), nn.Softmax(dim=1))
        +model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5), nn.LogSoftmax(dim=1))
        ```
    Silent:
        LogSoftmax in the model, and in the loop.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        body = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5))
        model = nn.Sequential(body, nn.LogSoftmax(dim=1))
        x, y = torch.randn(32, 20), torch.randint(0, 5, (32,))
        loss = nn.NLLLoss()(model(x), y) + F.nll_loss(F.log_softmax(body(x), dim=1), y)
        loss.backward()
        ```
        Log-probabilities written out: the scores less the logarithm of their sum.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Linear(20, 5)
        scores = model(torch.randn(32, 20))
        normalised = scores - torch.logsumexp(scores, dim=1, keepdim=True)
        loss = F.nll_loss(normalised, torch.randint(0, 5, (32,)))
        loss.backward()
        ```
    """
    spoken = set()
    for use in training_uses(recipe, ("nll",)):
        head = no_log_probabilities(use.prediction)
        if head is None or home(head) in spoken:
            continue
        spoken.add(home(head))
        gives = what_it_gives(head)
        repair = (
            "use CrossEntropyLoss, or put log_softmax before the loss"
            if gives == "scores"
            else "take log_softmax of the scores instead, or pass the scores to CrossEntropyLoss"
        )
        yield Finding(
            use.place,
            f"{loss_api(use)} wants log-probabilities, but {giver(head)} gives {gives}",
            repair,
            way_to(use, head, f"{giver(head)} gives {gives} here"),
            subject=("head", home(head)),
            repairs=_repairs(use, head),
        )


def _repairs(use: LossUse, head: Tensor) -> tuple[Repair, ...]:
    """A softmax becomes its logarithm; scores go to the loss that takes them."""
    if head.operation.kind == "softmax":
        return in_logarithms(head)
    if use.loss.api not in OF_SCORES or home(head) == use.place:
        return ()
    return (Repair((Replace(use.loss.place, (Named(OF_SCORES[use.loss.api]),), Part.FUNCTION),)),)
