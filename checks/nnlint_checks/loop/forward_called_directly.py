"""TL526: forward is called by its name."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.usage import DirectForward
from nnlint.finding import Finding


@check("TL526", level=HINT)
def forward_called_directly(call: DirectForward) -> Iterator[Finding]:
    """``model.forward(x)`` runs the model without what ``model(x)`` does around it.

    Why: hooks, DataParallel, compiled modules and pruning work in ``__call__``. A direct call of ``forward``
    leaves them out without a word.
    Source: PyTorch documentation of nn.Module.forward ("one should call the Module instance afterwards").

    Fires:
        Called by name.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return self.fc(x)

        model = Net()
        scores = model.forward(torch.randn(8, 20))  # hint: [TL526]
        ```
    Silent:
        A subclass extends the forward pass of its base.
        ```python
        from torch import nn

        class Base(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return self.fc(x)

        class Net(Base):
            def forward(self, x):
                return super().forward(x).relu() + Base.forward(self, x)
        ```
    """
    yield Finding(
        call.place,
        f"{call.written}(...) leaves out hooks and wrappers of the module",
        f"call {call.written.removesuffix('.forward')}(...)",
    )
