"""torchvision: shapes from data sets through transforms into networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.network.graph import Network
from source.reading import evidence

PROGRAM = """
    from torchvision import datasets, transforms
    from torch.utils.data import DataLoader
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(10, 10)
        def forward(self, x):
            return x.flatten(1)
    transform = {transform}
    loader = DataLoader({data}, batch_size=32)
    model = Net()
    for x, y in loader:
        F.cross_entropy(model(x), y).backward()
"""


@pytest.mark.parametrize(
    ("data", "transform", "shape"),
    [
        ("datasets.MNIST('d', transform=transform)", "transforms.ToTensor()", "(N, 1, 28, 28)"),
        (
            "datasets.CIFAR10('d', train=False, transform=transform)",
            "transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor(),"
            " transforms.Normalize((0.5,) * 3, (0.5,) * 3)])",
            "(N, 3, 32, 32)",
        ),
        (
            "datasets.ImageFolder('d', transform)",
            "transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])",
            "(N, 3, 224, 224)",
        ),
        (
            "datasets.FashionMNIST('d', transform=transform)",
            "transforms.Compose([transforms.Resize(32), transforms.Grayscale(3), transforms.ToTensor()])",
            "(N, 3, 32, 32)",
        ),
        (
            "datasets.ImageFolder('d', transform)",
            "transforms.Compose([transforms.Resize(256), transforms.ToTensor()])",
            "(N, 3, ?, ?)",
        ),
        (
            "datasets.MNIST('d', transform=transform)",
            "transforms.Compose([transforms.ToTensor(), mystery])",
            "(…)",
        ),
    ],
)
def test_images_reach_the_network_with_their_shape(
    data: str, transform: str, shape: str, tmp_path: Path
) -> None:
    found = evidence(tmp_path, PROGRAM.format(data=data, transform=transform))
    network = next(e for e in found if isinstance(e, Network))
    assert str(network.inputs[0].shape) == shape


def test_a_row_that_fits_no_sample_is_a_conflict(tmp_path: Path) -> None:
    program = PROGRAM.replace("x.flatten(1)", "x.view(-1, 30 * 30)")
    found = evidence(
        tmp_path,
        program.format(data="datasets.MNIST('d', transform=transform)", transform="transforms.ToTensor()"),
    )
    network = next(e for e in found if isinstance(e, Network))
    assert [o.conflict for o in network.operations] == [
        "a sample of (N, 1, 28, 28) has 784 values, the row 900"
    ]
