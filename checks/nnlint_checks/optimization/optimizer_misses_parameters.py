"""OP406: layers that are trained are not in any optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.usage import Coverage
from nnlint.finding import Finding


@check("OP406", level=ERROR)
def optimizer_misses_parameters(coverage: Coverage) -> Iterator[Finding]:
    """Freshly initialised layers get gradients, and no optimizer holds their parameters.

    Why: an optimizer changes only the tensors that it is given. Layers that are left out keep their random
    first values, whatever their gradients say; an optimizer of frozen parameters alone changes nothing.
    Source: PyTorch documentation of torch.optim ("Constructing it").

    Fires:
        The decoder is forgotten.
        ```python
        import torch
        from torch import nn

        def train(loader, epochs):
            encoder = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 8))
            decoder = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 20))
            optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)  # error: [OP406]
            for epoch in range(epochs):
                for x, _ in loader:
                    optimizer.zero_grad()
                    nn.functional.mse_loss(decoder(encoder(x)), x).backward()
                    optimizer.step()
        ```
        Another model's parameters.
        ```python
        import torch
        from torch import nn

        def train(loader):
            small = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
            large = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 3))
            optimizer = torch.optim.SGD(small.parameters(), lr=0.1)  # error: [OP406]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(large(x), y).backward()
                optimizer.step()
        ```
    Silent:
        Two optimizers hold all there is.
        ```python
        import torch
        from torch import nn

        def train(loader):
            encoder, head = nn.Linear(20, 8), nn.Linear(8, 3)
            slow = torch.optim.SGD(encoder.parameters(), lr=0.01)
            fast = torch.optim.SGD(head.parameters(), lr=0.1)
            for x, y in loader:
                slow.zero_grad()
                fast.zero_grad()
                nn.functional.cross_entropy(head(encoder(x).relu()), y).backward()
                slow.step()
                fast.step()
        ```
        What is left out was trained before, or is frozen.
        ```python
        import torch
        from torch import nn

        def train(loader):
            encoder, head = nn.Linear(20, 8), nn.Linear(8, 3)
            encoder.load_state_dict(torch.load("encoder.pt", weights_only=True))
            optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(head(encoder(x).relu()), y).backward()
                optimizer.step()
        ```
    """
    left = [one for one in coverage.left if not one.later]
    trail = tuple(Step(one.place, f"{one.name} is trained, and is in no optimizer") for one in left[:SHOWN])
    if left and not coverage.related:
        message = (
            f"{coverage.optimizer} holds nothing of what is trained: {_layers(len(left))} stay as they are"
        )
        yield Finding(coverage.place, message, "give it the parameters of the model that is trained", trail)
    elif left:
        names = ", ".join(sorted({one.name for one in left})[:2])
        message = f"{coverage.optimizer} leaves out {_layers(len(left))} that get gradients: {names}"
        yield Finding(coverage.place, message, "give the optimizer their parameters, or freeze them", trail)
    elif not coverage.left and coverage.held and coverage.frozen == coverage.held:
        message = (
            f"{coverage.optimizer} holds {coverage.held} parameters, all of them frozen: nothing is trained"
        )
        yield Finding(coverage.place, message, "give the optimizer parameters that require gradients")


SHOWN = 3


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"
