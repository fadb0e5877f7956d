"""Good code as packages publish it, where something once was reported that is not so."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings

GOOD = {
    "a norm that is one of two classes": (
        "OP406",
        """
        import torch.distributed as dist

        def Norm(sync):
            return nn.SyncBatchNorm if (dist.is_initialized() and sync) else nn.BatchNorm1d

        class Model(nn.Module):
            def __init__(self, width, sync=None):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(20, width), Norm(sync)(width), nn.ReLU(), nn.Linear(width, 3))

            def forward(self, x):
                return self.body(x)

        def train(loader):
            model = Model(64)
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        """,
    ),
    "statistics that are never trained beside layers that are not known": (
        "OP406",
        """
        class Actor(nn.Module):
            def __init__(self, dims, states):
                super().__init__()
                self.mean = nn.Parameter(torch.zeros(states), requires_grad=False)
                self.net = build(dims)

            def forward(self, x):
                return self.net(x - self.mean)

        def train(loader, dims):
            actor = Actor(dims, 4)
            optimizer = torch.optim.AdamW(actor.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                F.mse_loss(actor(x), y).backward()
                optimizer.step()
        """,
    ),
    "a tensor of the size of another": (
        "AR601",
        """
        class Weight(nn.Module):
            def __init__(self, mu, rho):
                super().__init__()
                self.mu, self.rho = nn.Parameter(mu), nn.Parameter(rho)
                self.register_buffer("noise", torch.Tensor(self.mu.shape))

            def forward(self):
                return self.mu + torch.log1p(torch.exp(self.rho)) * self.noise.normal_()

        Weight(torch.zeros(10, 12), torch.zeros(10, 12))()
        """,
    ),
    "a copy of a tensor that was moved": (
        "TL535",
        """
        import cv2

        def assess(net, path, transforms):
            model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(1)).cuda()
            face = transforms(cv2.imread(path))
            face = torch.tensor(face.cuda()).unsqueeze(0)
            return model(face)

        assess(None, "a.png", None)
        """,
    ),
    "weights that the holder of the cell fills": (
        "SP207",
        """
        class Cell(nn.Module):
            def __init__(self, inputs, hidden):
                super().__init__()
                self.weight = nn.Parameter(torch.Tensor(3 * hidden, inputs))
                self.register_parameter("weight", self.weight)

            def forward(self, x):
                return F.linear(x, self.weight)

        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.cell = Cell(8, 16)
                for name, tensor in self.cell.named_parameters():
                    if "weight" in name:
                        nn.init.normal_(tensor, std=0.01)

            def forward(self, x):
                return self.cell(x)
        """,
    ),
    "layers that the methods of a layer read": (
        "TL518",
        """
        class Streaming(nn.TransformerEncoderLayer):
            def __init__(self, width):
                super().__init__(width, 4)
                self.linear1 = nn.Linear(width, 64, bias=False)
                self.linear2 = nn.Linear(64, width, bias=False)

            def forward(self, x):
                return self.norm2(x + self._ff_block(x))

        Streaming(16)(torch.randn(5, 2, 16))
        """,
    ),
    "a function with a gradient of its own": (
        "TL525",
        """
        class Distance(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return torch.Tensor([(a.detach().cpu().numpy() - b.detach().cpu().numpy()).sum()])

            @staticmethod
            def backward(ctx, grad):
                a, b = ctx.saved_tensors
                return grad * (a - b), None

        def train(loader, epochs):
            model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    Distance.apply(model(x), y).mean().backward()
                    optimizer.step()
        """,
    ),
    "a network that is called by a function of the program": (
        "TL525",
        """
        import library

        model = library.Model(8)
        head = nn.Linear(8, 1)
        optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=3e-4)

        def apply_model(batch):
            return model(batch["x"]).squeeze(-1)

        for epoch in range(10):
            for batch in library.batches():
                optimizer.zero_grad()
                loss = F.mse_loss(apply_model(batch), batch["y"])
                loss.backward()
                optimizer.step()
        """,
    ),
    "a number of classes that is told later": (
        "AR619",
        """
        from dataclasses import dataclass

        @dataclass
        class Config:
            width: int = 32
            classes: int = -1

        class Net(nn.Module):
            def __init__(self, config: Config):
                super().__init__()
                self.embedding = nn.Embedding(config.classes, config.width)

            def forward(self, x):
                return self.embedding(x)[:, :10]

        def build():
            return Net(Config())
        """,
    ),
    "one step for training and validation": (
        "TL524",
        """
        class Solver:
            def __init__(self, model):
                self.model = model
                self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

            def step(self, batch):
                loss = self.model.loss(batch)
                if self.is_training:
                    loss.backward()
                    self.optimizer.step()
                    self.optimizer.zero_grad()
                return loss.item()

            def epoch(self, loader):
                for batch in loader:
                    self.step(batch)

            def train(self):
                self.epoch(self.loader)

            def valid(self):
                with torch.no_grad():
                    self.epoch(self.valid_loader)

            def run(self, epochs):
                for _ in range(epochs):
                    self.train()
                    self.valid()
        """,
    ),
}
HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


@pytest.mark.parametrize("name", GOOD)
def test_it_is_silent(name: str, tmp_path: Path) -> None:
    code, program = GOOD[name]
    (tmp_path / "program.py").write_text(HEAD + textwrap.dedent(program), encoding="utf-8")
    result = engine.run([str(tmp_path)], Settings(select=(code,)))
    assert not result.failures
    assert [finding.message for finding in result.findings] == []


def test_a_model_from_a_long_file_is_called_where_it_stands(tmp_path: Path) -> None:
    net = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(9, 4), nn.Linear(5, 3)

    def forward(self, x):
        return self.second(self.first(x))
"""
    (tmp_path / "nets.py").write_text(HEAD + "\n" * 200 + net)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "source": "import torch\nfrom nets import Net\nmodel = Net()"}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "train.ipynb").write_text(json.dumps(notebook))
    result = engine.run([str(tmp_path / "train.ipynb")], Settings(select=("AR601",)))
    assert [(failure.where, failure.error) for failure in result.failures] == []
    assert [(Path(f.place.path).name, f.place.line) for f in result.findings] == [("nets.py", 211)]
