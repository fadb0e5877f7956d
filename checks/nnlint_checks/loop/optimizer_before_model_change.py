"""TL515: a layer comes into the model after the optimizer took its parameters."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.usage import Coverage
from nnlint.finding import Finding


@check("TL515", level=WARNING)
def optimizer_before_model_change(coverage: Coverage) -> Iterator[Finding]:
    """A layer is replaced or added after the optimizer was made.

    Why: the optimizer keeps the tensors that it got. It goes on with those of the layer that is gone, and
    the new layer is never updated.
    Source: PyTorch documentation of torch.optim ("Constructing it").

    Fires:
        The new head is not in the optimizer.
        ```python
        import torch
        import torchvision
        from torch import nn

        model = torchvision.models.resnet18(weights="DEFAULT")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
        model.fc = nn.Linear(512, 4)  # warning: [TL515]
        ```
        A layer is added too late.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
            optimizer = torch.optim.Adam(model.parameters())
            model.append(nn.Linear(64, 3))  # warning: [TL515]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Thawed for the second stage, and not compiled again.
        ```python
        from tensorflow import keras

        def train(data, classes):
            base = keras.applications.MobileNetV2(include_top=False, pooling="avg")
            base.trainable = False
            model = keras.Sequential([base, keras.layers.Dense(classes, activation="softmax")])
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
            model.fit(data, epochs=5)
            base.trainable = True  # warning: [TL515]
            model.fit(data, epochs=5)
        ```
        The backbone is unfrozen, and the optimizer still holds the head alone.
        ```python
        import torch
        from torch import nn
        from torchvision import models

        def train(loader):
            model = models.resnet18(weights="DEFAULT")
            for p in model.parameters():
                p.requires_grad = False
            model.fc = nn.Linear(512, 4)
            optimizer = torch.optim.AdamW(model.fc.parameters(), lr=1e-3)  # warning: [TL515]
            for p in model.parameters():
                p.requires_grad = True
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        Compiled again.
        ```python
        from tensorflow import keras

        def train(data, classes):
            base = keras.applications.MobileNetV2(include_top=False, pooling="avg")
            base.trainable = False
            model = keras.Sequential([base, keras.layers.Dense(classes, activation="softmax")])
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
            model.fit(data, epochs=5)
            base.trainable = True
            model.compile(optimizer=keras.optimizers.Adam(1e-5), loss="sparse_categorical_crossentropy")
            model.fit(data, epochs=5)
        ```
        The head comes first; moving a module changes it in place.
        ```python
        import torch
        import torchvision
        from torch import nn

        model = torchvision.models.resnet18(weights="DEFAULT")
        model.fc = nn.Linear(512, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
        model.to("cuda")
        ```
        The optimizer is given the new parameters.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
        optimizer = torch.optim.Adam(model.parameters())
        head = nn.Linear(64, 3)
        model.append(head)
        optimizer.add_param_group({"params": head.parameters()})
        ```
    """
    for layer in coverage.thawed:
        yield Finding(
            layer.place,
            f"{layer.name} is made trainable, but fit goes on as compiled: it stays frozen",
            "call compile() again after the change, with a small learning rate",
            (Step(layer.first, "trained with it frozen"), Step(layer.second, "and again, not compiled anew")),
        )
    if coverage.unfrozen:
        yield Finding(
            coverage.place,
            f"{coverage.optimizer} was made while other layers were frozen: they are never updated",
            "make a new optimizer after unfreezing, or add the parameters with add_param_group",
        )
    for one in coverage.left:
        if one.later:
            made = Step(coverage.place, f"{coverage.optimizer} takes the parameters that are there")
            message = f"{one.name} comes after {coverage.optimizer} took the parameters: it is never updated"
            yield Finding(
                one.place, message, "make the optimizer after the last change of the model", (made,)
            )
