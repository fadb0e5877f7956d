"""TL535: a tensor that stayed on the CPU meets one that was moved to the GPU."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.evidence.usage import Apart
from nnlint.finding import Finding
from nnlint.repair import Repair, SetArgument


@check("TL535", level=ERROR, fix=SAFE)
def device_mismatch(apart: Apart) -> Iterator[Finding]:
    """A tensor made on the default device, or a batch that was never moved, meets one on the GPU.

    Why: PyTorch computes on one device at a time: ``RuntimeError: Expected all tensors to be on the same
    device``. Where there is no GPU nobody notices, for then there is only one device.
    Source: PyTorch documentation, "CUDA semantics" and "Tensor Attributes" (torch.device).

    Fires:
        Noise that is made in ``forward``.
        ```python
        import torch
        from torch import nn

        class Noisy(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                noise = torch.randn(x.size(0), 20)
                return self.fc(x + noise)  # error: [TL535]

        def train(loader, device="cuda"):
            model = Noisy().to(device)
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                x, y = x.to(device), y.to(device)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        ```diff
        -        noise = torch.randn(x.size(0), 20)
        +        noise = torch.randn(x.size(0), 20, device=x.device)
        ```
        The labels stay behind.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(device)
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in DataLoader(images, batch_size=64, shuffle=True):
            x = x.to(device)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()  # error: [TL535]
            optimizer.step()
        ```
    Silent:
        All of it is moved; a buffer moves with the model, and a single number may stay.
        ```python
        import torch
        from torch import nn

        class Noisy(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)
                self.register_buffer("scale", torch.ones(20))

            def forward(self, x):
                noise = torch.randn(x.size(0), 20, device=x.device) + torch.randn_like(x)
                return self.fc(x * self.scale + noise) * torch.tensor(0.5)

        def train(loader, device="cuda"):
            model = Noisy().to(device)
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                x, y = x.to(device), y.to(device)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Everything stays on the CPU.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Linear(20, 3)
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                noise = torch.randn(x.size(0), 20)
                nn.functional.cross_entropy(model(x + noise), y).backward()
                optimizer.step()
        ```
    """
    code = SetArgument(apart.made, "device", (apart.near,)) if apart.near else None
    steps = (Step(apart.made, "made on the CPU"), Step(apart.moved, "the other one is moved here"))
    yield Finding(
        apart.place,
        f"{apart.what} is on the CPU, and what it meets here was moved to the GPU",
        "make it on the same device (device=x.device), or move it with .to(device)",
        trail=tuple(step for step in steps if step.place.line and step.place != apart.place),
        subject=("device", apart.place),
        repairs=(Repair((code,)),) if code is not None else (),
    )
