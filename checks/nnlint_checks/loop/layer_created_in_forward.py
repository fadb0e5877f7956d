"""TL512: a layer with weights is built anew whenever the model runs."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import BuiltInForward
from nnlint.finding import Finding


@check("TL512", level=ERROR)
def layer_created_in_forward(built: BuiltInForward) -> Iterator[Finding]:
    """A layer with weights is constructed in ``forward``.

    Why: each call draws new random weights. The optimiser never sees them, they are not saved, they stay on
    the CPU, and the model computes something else each time it is called.
    Source: PyTorch documentation of nn.Module ("Submodules assigned in this way will be registered").

    Fires:
        New random weights in every call.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 16, 3)

            def forward(self, x):
                x = self.conv(x).relu().flatten(1)
                return nn.Linear(x.shape[1], 10)(x)  # error: [TL512]
        ```
        Registered anew each time, after the optimiser was made.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 16)

            def forward(self, x):
                self.out = nn.Linear(16, 2)  # error: [TL512]
                return self.out(self.fc(x).relu())
        ```
    Silent:
        Built once, when the width is first known, and kept.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 16, 3)
                self.fc = None

            def forward(self, x):
                x = self.conv(x).relu().flatten(1)
                if self.fc is None:
                    self.fc = nn.Linear(x.shape[1], 10).to(x.device)
                return self.fc(x)
        ```
        Layers without weights.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return nn.Softmax(dim=1)(self.fc(nn.ReLU()(x)))
        ```
    """
    name = built.api.rpartition(".")[2]
    again = f" as self.{built.attribute}" if built.attribute else ""
    yield Finding(
        built.place,
        f"{name} is built anew{again} in every forward pass: its weights are never trained",
        "build the layer in __init__ and call it here",
    )
