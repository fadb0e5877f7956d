"""TL547: a stack of layers is one layer many times."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.usage import Repeated
from nnlint.finding import Finding


@check("TL547", level=WARNING)
def same_module_repeated(repeated: Repeated) -> Iterator[Finding]:
    """A ModuleList or Sequential repeats one module instead of copies of it.

    Why: ``[block] * n`` and ``[block for _ in range(n)]`` put the same object in every place. All layers
    share one set of weights, and batch norms mix the statistics of all depths: the network has the capacity
    of a single block.
    Source: PyTorch documentation of nn.Module.parameters (each once); "The Annotated Transformer" (clones
    are deep copies).

    Fires:
        ```python
        import torch
        from torch import nn

        class Deep(nn.Module):
            def __init__(self, width, depth):
                super().__init__()
                block = nn.Sequential(nn.Linear(width, width), nn.ReLU())
                self.blocks = nn.Sequential(*[block] * depth)  # warning: [TL547]

            def forward(self, x):
                return self.blocks(x)

        net = Deep(64, 6)
        ```
    Silent:
        A new block for each place, a copy, and activations.
        ```python
        import copy

        import torch
        from torch import nn

        def clones(module, count):
            return nn.ModuleList([copy.deepcopy(module) for _ in range(count)])

        class Deep(nn.Module):
            def __init__(self, width, depth):
                super().__init__()
                act = nn.ReLU()
                self.blocks = nn.Sequential(*[nn.Sequential(nn.Linear(64, 64), act) for _ in range(depth)])
                self.more = clones(nn.Sequential(nn.Linear(width, width), nn.Tanh()), 2)
                self.acts = nn.ModuleList([act for _ in range(2)])

            def forward(self, x):
                x = self.blocks(x)
                for layer, act in zip(self.more, self.acts):
                    x = act(layer(x))
                return x

        net = Deep(64, 6)
        ```
        One set of weights for all layers is what the class says it wants.
        ```python
        import torch
        from torch import nn

        class Albert(nn.Module):
            def __init__(self, width=64, depth=6):
                super().__init__()
                # all layers share their weights
                block = nn.TransformerEncoderLayer(width, 4, batch_first=True)
                self.layers = nn.ModuleList([block for _ in range(depth)])

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x
        ```
        A head that several levels share.
        ```python
        import torch
        from torch import nn

        class Levels(nn.Module):
            def __init__(self):
                super().__init__()
                self.head = nn.Linear(64, 10)
                self.heads = nn.ModuleList([self.head for _ in range(3)])

            def forward(self, a, b, c):
                return [head(x) for head, x in zip(self.heads, (a, b, c))]

        net = Levels()
        ```
    """
    yield Finding(
        repeated.place,
        f"{repeated.name} ({repeated.kind}) is here {repeated.count} times over: one set of weights for all",
        "build a new module for each place, or copy.deepcopy it",
        trail=(Step(repeated.made, "made once"),) if repeated.made.line else (),
    )
