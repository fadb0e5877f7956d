"""TL537: requires_grad is set on a module, where nothing reads it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import IgnoredSetting
from nnlint.finding import Finding


@check("TL537", level=ERROR)
def frozen_by_attribute(setting: IgnoredSetting) -> Iterator[Finding]:
    """``module.requires_grad = False`` sets an attribute of the module that PyTorch never reads.

    Why: only parameters have ``requires_grad``. On a module the assignment makes a new attribute: what was
    to be frozen goes on training, and what was to be trained again stays frozen.
    Source: PyTorch documentation of nn.Module.requires_grad_.

    Fires:
        The backbone is not frozen.
        ```python
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.backbone = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
                self.head = nn.Linear(16, 5)

            def forward(self, x):
                return self.head(self.backbone(x).flatten(1))

        model = Classifier()
        model.backbone.requires_grad = False  # error: [TL537]
        ```
        Children are modules, too.
        ```python
        import torchvision
        from torch import nn

        model = torchvision.models.resnet18(weights="DEFAULT")
        for child in list(model.children())[:-1]:
            child.requires_grad = False  # error: [TL537]
        model.fc = nn.Linear(512, 4)
        ```
        The name is misspelt.
        ```python
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
        for parameter in model[0].parameters():
            parameter.require_grad = False  # error: [TL537]
        ```
        Part of a ready-made model.
        ```python
        import torch
        from torch import nn
        from torchvision import models

        model = models.vgg16(weights="DEFAULT")
        model.features.requires_grad = False  # error: [TL537]
        model.classifier[6] = nn.Linear(4096, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        ```
    Silent:
        Parameters are frozen one by one, or by the method.
        ```python
        import torchvision
        from torch import nn

        model = torchvision.models.resnet18(weights="DEFAULT")
        for parameter in model.parameters():
            parameter.requires_grad = False
        model.fc = nn.Linear(512, 4)
        model.layer4.requires_grad_(True)
        ```
        A flag of the class's own.
        ```python
        from torch import nn

        class Backbone(nn.Module):
            def __init__(self, requires_grad=False):
                super().__init__()
                self.requires_grad = requires_grad
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                x = self.conv(x)
                return x if self.requires_grad else x.detach()
        ```
    """
    owner, _, attribute = setting.written.rpartition(".")
    stay = "go on training" if not setting.value else "stay frozen"
    count = "parameters" if setting.weights is None else f"{setting.weights} parameters"
    if attribute != "requires_grad":
        message = f"{setting.written} = {setting.value} is ignored: the attribute is requires_grad"
        help_ = f"write {owner}.requires_grad = {setting.value}"
    else:
        message = f"{setting.written} = {setting.value} is ignored on a module: {count} {stay}"
        help_ = f"call {owner}.requires_grad_({setting.value})"
    yield Finding(setting.place, message, help_)
