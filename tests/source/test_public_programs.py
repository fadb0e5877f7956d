"""What was read wrong in good programs of public repositories, in short programs of the same shape."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level

SILENT = {
    "the network under evaluation is the average, not the one that trains": """
        import os
        from copy import deepcopy
        import torch
        from torch import nn
        import zoo

        class Average:
            def __init__(self, model):
                self.shadow = deepcopy(model).eval()

            def update(self, model):
                for mine, its in zip(self.shadow.parameters(), model.parameters()):
                    mine.data.lerp_(its.data, 0.01)

        def without_autograd(new=zoo.is_new()):
            def decorate(function):
                return (torch.inference_mode if new else torch.no_grad)()(function)
            return decorate

        @without_autograd()
        def validate(model, loader, criterion):
            model.eval()
            total = 0
            for x, y in loader:
                total += criterion(model(x), y)
            return total / len(loader)

        def train(loader, held_out, epochs):
            model = zoo.build()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
            average, criterion = Average(model), nn.CrossEntropyLoss()
            for epoch in range(epochs):
                model.train()
                for n, (x, y) in enumerate(loader):
                    criterion(model(x), y).backward()
                    optimizer.step()
                    optimizer.zero_grad()
                    average.update(model)
                    if n == len(loader) - 1:
                        print(validate(average.shadow, held_out, criterion))
        """,
    "a backbone without its last two children": """
        import torch
        from torch import nn
        from torchvision import models

        class Captioner(nn.Module):
            def __init__(self, width):
                super().__init__()
                body = models.resnet50(weights="DEFAULT")
                self.body = nn.Sequential(*list(body.children())[:-2])
                self.project = nn.Linear(2048, width)

            def forward(self, images):
                maps = self.body(images)
                return self.project(maps.flatten(2).transpose(1, 2))

        Captioner(256)(torch.randn(2, 3, 224, 224))
        """,
    "several processes only where the environment says so": """
        import os
        import torch
        from torch import nn
        from torch.nn.parallel import DistributedDataParallel
        from torch.utils.data import DataLoader, TensorDataset
        from torch.utils.data.distributed import DistributedSampler

        RANK = int(os.getenv("RANK", -1))

        def train(values, labels):
            data = TensorDataset(values, labels)
            sampler = None if RANK == -1 else DistributedSampler(data)
            loader = DataLoader(data, batch_size=64, shuffle=sampler is None, sampler=sampler)
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            if torch.cuda.is_available() and RANK != -1:
                model = DistributedDataParallel(model, device_ids=[RANK])
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    optimizer.step()
                    print(loss.item())
        """,
    "only several processes are supported": """
        import argparse
        import torch
        from torch import nn
        from torch.nn.parallel import DistributedDataParallel
        from torch.utils.data import DataLoader, TensorDataset
        from torch.utils.data.distributed import DistributedSampler

        def main(values, labels):
            parser = argparse.ArgumentParser()
            parser.add_argument("--distributed", action="store_true")
            args = parser.parse_args()
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            if args.distributed:
                model = DistributedDataParallel(model)
            else:
                raise NotImplementedError("several processes")
            data = TensorDataset(values, labels)
            sampler = DistributedSampler(data) if args.distributed else None
            loader = DataLoader(data, batch_size=64, shuffle=sampler is None, sampler=sampler)
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                if sampler is not None:
                    sampler.set_epoch(epoch)
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    optimizer.step()
                    print(loss.item())

        if __name__ == "__main__":
            main(torch.load("x.pt", weights_only=True), torch.load("y.pt", weights_only=True))
        """,
    "gradients are made and scaled by hand": """
        import torch
        from torch import nn

        class Private:
            def __init__(self, optimizer, parameters):
                self.optimizer, self.parameters = optimizer, list(parameters)

            def zero_grad(self):
                self.optimizer.zero_grad()

            def step(self, count):
                for p in self.parameters:
                    p.grad = p.summed.view_as(p)
                for p in self.parameters:
                    p.grad /= count
                return self.optimizer.step()

        def train(model, loader, criterion):
            optimizer = Private(torch.optim.SGD(model.parameters(), lr=0.1), model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step(len(x))
                print(loss.item())
        """,
    "a picture is moved along its gradient": """
        import torch

        def dream(network, image, rounds):
            image.requires_grad_()
            for _ in range(rounds):
                network(image).mean().backward()
                image.data += 0.01 * image.grad.sign()
            return image
        """,
    "the last state is saved again at the end": """
        import torch
        from torch import nn

        def train(loader, path):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for n, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                if n % 100 == 0:
                    print(loss.item())
                    state = {"model": model.state_dict(), "round": n}
                    torch.save(state, path)
            state = {"model": model.state_dict(), "round": n}
            torch.save(state, path)
        """,
}

FOUND = {
    "weights that are moved by hand keep the gradients of all rounds": (
        "TL501",
        """
        import torch

        def descend(parameters, rate):
            with torch.no_grad():
                for p in parameters:
                    p -= rate * p.grad

        def fit(batches):
            w = torch.zeros(2, 1, requires_grad=True)
            b = torch.zeros(1, requires_grad=True)
            for x, y in batches:
                loss = ((x @ w + b - y) ** 2).mean()
                loss.backward()
                descend([w, b], 0.03)
                print(loss.item())
        """,
    ),
    "the default of an option ends in an error": (
        "HL101",
        """
        import argparse
        import torch
        from torch import nn

        parser = argparse.ArgumentParser()
        parser.add_argument("--data", default=None)
        args = parser.parse_args()
        if args.data is None:
            raise SystemExit("which data?")
        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3), nn.Softmax(dim=1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(10):
            for x, y in torch.load(args.data, weights_only=True):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                print(loss.item())
        """,
    ),
    "evaluated, and trained on by hand": (
        "TL506",
        """
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.drop, self.head = nn.Linear(20, 64), nn.Dropout(0.2), nn.Linear(64, 3)

            def forward(self, x):
                return self.head(self.drop(torch.relu(self.body(x))))

        net = Net()

        def score(batches):
            net.eval()
            with torch.no_grad():
                return sum((net(x).argmax(1) == y).float().mean() for x, y in batches)

        def fit(batches, held_out, rate=0.1):
            for epoch in range(10):
                for x, y in batches:
                    net.zero_grad()
                    nn.functional.cross_entropy(net(x), y).backward()
                    for p in net.parameters():
                        p.data.add_(p.grad, alpha=-rate)
                print(score(held_out))
        """,
    ),
    "a width that NumPy computes": (
        "AR601",
        """
        import numpy as np
        import torch
        from torch import nn

        SHAPE = (1, 32, 32)

        class Judge(nn.Module):
            def __init__(self):
                super().__init__()
                self.label = nn.Embedding(10, 10)
                self.layers = nn.Sequential(nn.Linear(int(np.prod(SHAPE)), 64), nn.ReLU(), nn.Linear(64, 1))

            def forward(self, image, label):
                return self.layers(torch.cat([image.view(image.size(0), -1), self.label(label)], -1))

        Judge()(torch.randn(4, *SHAPE), torch.zeros(4, dtype=torch.long))
        """,
    ),
    "a hidden layer that is wider than both sides": (
        "AR603",
        """
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.norm = nn.LayerNorm(width)
                self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

            def forward(self, x):
                return x + self.c_proj(self.c_fc(self.norm(x)))

        def run(x):
            return Block()(x)
        """,
    ),
}


@pytest.mark.parametrize(("code", "program"), FOUND.values(), ids=FOUND.keys())
def test_fault_is_found(tmp_path: Path, code: str, program: str) -> None:
    assert code in alarms(tmp_path, program)


@pytest.mark.parametrize("program", SILENT.values(), ids=SILENT.keys())
def test_good_program_has_no_alarm(tmp_path: Path, program: str) -> None:
    assert alarms(tmp_path, program) == []


def alarms(folder: Path, program: str) -> list[str]:
    """The codes above hint that all default checks find."""
    path = folder / "main.py"
    path.write_text(textwrap.dedent(program))
    result = engine.run([str(path)], Settings())
    assert not result.failures
    return [finding.code for finding in result.findings if finding.level is not Level.HINT]
