"""TL518: a layer is built and never used."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.usage import UnusedLayer
from nnlint.finding import Finding


@check("TL518", level=WARNING)
def unused_layer(layer: UnusedLayer) -> Iterator[Finding]:
    """A layer is declared in ``__init__`` and reached by no method.

    Why: what was meant to happen does not: the dropout does not drop, the second block is not run. Its
    parameters are saved, counted and decayed, but never trained; DistributedDataParallel fails on them.
    Source: PyTorch documentation of DistributedDataParallel (find_unused_parameters).

    Fires:
        The dropout and the second norm are forgotten.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 16, 3)
                self.norm1 = nn.BatchNorm2d(16)
                self.conv2 = nn.Conv2d(16, 32, 3)
                self.norm2 = nn.BatchNorm2d(32)  # warning: [TL518]
                self.drop = nn.Dropout(0.3)  # warning: [TL518]
                self.fc = nn.Linear(32, 10)

            def forward(self, x):
                x = self.norm1(self.conv1(x)).relu()
                x = self.conv2(x).relu()
                return self.fc(x.mean((2, 3)))
        ```
        Its weights are filled, that is all.
        ```python
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self, words, tags):
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.project = nn.Linear(64, 64)  # warning: [TL518]
                self.out = nn.Linear(64, tags)
                nn.init.xavier_uniform_(self.project.weight)

            def forward(self, tokens):
                return self.out(self.embedding(tokens))
        ```
    Silent:
        Handed in and used through its parts, or kept for what a comment says.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, shared):
                super().__init__()
                self.shared = shared
                self.layers = nn.ModuleList([nn.Sequential(layer, nn.ReLU()) for layer in shared])
                # Never called: the shared checkpoint has these weights.
                self.gate = nn.Linear(64, 64)

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                shared = nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])
                self.first, self.second = Block(shared), Block(shared)

            def forward(self, x):
                return self.second(self.first(x))
        ```
        Used by a subclass, by a helper, through another name.
        ```python
        from torch import nn

        class Base(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 64)
                self.head = nn.Linear(64, 3)
                self.out = nn.Linear(64, 1)
                self.parts = nn.Sequential(self.fc, nn.ReLU())

            def forward(self, x):
                return self.parts(x)

        class Classifier(Base):
            def forward(self, x):
                return self.head(super().forward(x))

        def regress(model, x):
            return model.out(model(x))
        ```
        Children are walked over, without their names.
        ```python
        from torch import nn

        class Chain(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(20, 64)
                self.between = nn.ReLU()
                self.second = nn.Linear(64, 3)

            def forward(self, x):
                for layer in self.children():
                    x = layer(x)
                return x
        ```
    """
    kept = f"{layer.weights} parameters are never trained" if layer.weights else "it never drops anything"
    yield Finding(
        layer.place,
        f"self.{layer.attribute} ({layer.layer}) is built and never used in {layer.model}: {kept}",
        f"call self.{layer.attribute} in forward, or remove it",
    )
