"""Small networks, trained for some seconds on the digits that scikit-learn brings along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn

CLASSES, SIDE = 10, 8
EPOCHS, BATCH = 30, 64


class Perceptron(nn.Module):
    """Two hidden layers with batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(SIDE * SIDE, 96), nn.BatchNorm1d(96)
        self.fc2, self.bn2 = nn.Linear(96, 48), nn.BatchNorm1d(48)
        self.head = nn.Linear(48, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.fc1(x.flatten(1))))
        return self.head(torch.relu(self.bn2(self.fc2(x))))


class Plain(nn.Module):
    """Three layers of tanh, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Flatten(), nn.Linear(SIDE * SIDE, 80), nn.Tanh(), nn.Linear(80, 40), nn.Tanh()),
            nn.Linear(40, CLASSES),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Convolutional(nn.Module):
    """Convolutions with batch norm, pooled, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2)),
        )
        self.classifier = nn.Linear(128, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x[:, None]).flatten(1))


class Block(nn.Module):
    """A residual block whose last gain starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width)
        self.conv2, self.norm2 = nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x))))))


class Residual(nn.Module):
    """A stem and two residual blocks with group norm."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 24, 3, padding=1)
        self.blocks = nn.ModuleList(Block(24) for _ in range(2))
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x[:, None])
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


class Recurrent(nn.Module):
    """An LSTM over the rows of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(SIDE, 48, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(48, 32), nn.Linear(32, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(torch.relu(self.fc1(self.lstm(x)[0][:, -1])))


class Transformer(nn.Module):
    """Two encoder layers over the rows, with learned positions."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.pos_embedding = nn.Linear(SIDE, 32), nn.Parameter(torch.zeros(1, SIDE, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.encoder(self.embed(x) + self.pos_embedding)).mean(1))


class Words(nn.Module):
    """A bag of words: pixels as tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SIDE * SIDE * 4, 24)
        self.hidden, self.out = nn.Linear(24, 32), nn.Linear(32, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shade = (x.flatten(1) + 1).clamp(0, 1.99).mul(2).long()
        tokens = shade + 4 * torch.arange(SIDE * SIDE)
        return self.out(torch.relu(self.hidden(self.embedding(tokens).sum(1) / 8)))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    net.__name__.lower(): net
    for net in (Perceptron, Plain, Convolutional, Residual, Recurrent, Transformer, Words)
}


@dataclass(frozen=True)
class Trained:
    """A network with what it gets right of the digits that it was not shown."""

    model: nn.Module
    accuracy: float
    optimizer: torch.optim.Optimizer


@cache
def trained(name: str) -> Trained:
    """The network, trained by AdamW from a fixed seed."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # networks so small only wait for one another's threads
    digits = load_digits()
    x, y = torch.tensor(digits.images / 8 - 1, dtype=torch.float32), torch.tensor(digits.target)
    shown = torch.randperm(len(x)) < 1500
    model = NETWORKS[name]()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(EPOCHS):
        for batch in shown.nonzero()[:, 0][torch.randperm(int(shown.sum()))].split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        right = (model(x[~shown]).argmax(1) == y[~shown]).float().mean()
    return Trained(model, float(right), optimizer)
