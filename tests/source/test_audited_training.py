"""Training programs that an audit of the checks on training found misread: each line says what is to be found there.

``=== name`` begins another file of the program; all checks run, the hints as well that a line names.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings

TORCH = """
import torch
from torch import nn
F, optim = nn.functional, torch.optim
"""

LOOP = """
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
"""
"""A round of training, for programs whose defect is elsewhere; stands for ``...`` in them."""

PROGRAMS: dict[str, str] = {
    "a rate in a file of settings": """
        import yaml
        with open("settings.yaml") as file:
            settings = yaml.safe_load(file)

        def train(loader):
            net = nn.Sequential(nn.Linear(8, settings["net"]["width"]), nn.GELU(), nn.Linear(32, 4))
            opt = optim.AdamW(net.parameters(), **settings["optimizer"])  # OP401
            ...
        === settings.yaml
        # numbers of the first run
        net: {width: 32, sizes: [1, 2]}
        optimizer:
          lr: 0.2
          weight_decay: 1.0e-2
    """,
    "settings that hydra composes": """
        import hydra

        @hydra.main(version_base=None, config_path="conf", config_name="run")
        def main(cfg):
            loader = torch.load(cfg.data, weights_only=True)
            net = nn.Sequential(nn.Linear(8, cfg.net.width), nn.GELU(), nn.Linear(cfg.net.width, 4))
            opt = optim.Adam(net.parameters(), cfg.opt.lr)  # OP401
            ...

        if __name__ == "__main__":
            main()
        === conf/run.yaml
        defaults:
          - opt: quick
          - _self_
        data: train.pt
        net:
          width: 16
        === conf/opt/quick.yaml
        lr: 0.5
    """,
    "settings that are as they should be": """
        from types import SimpleNamespace
        from omegaconf import OmegaConf
        import json
        base = OmegaConf.merge(OmegaConf.load("base.yml"), OmegaConf.from_cli())
        more = SimpleNamespace(**json.load(open("more.json")))

        def train(loader):
            net = nn.Sequential(nn.Linear(8, more.width), nn.GELU(), nn.Linear(more.width, 4))
            opt = optim.Adam(net.parameters(), base.lr)
            ...
        === base.yml
        lr: 1e-3
        === more.json
        {"width": 16}
    """,
    "gradients that Lightning leaves to the model": """
        import lightning

        class Pair(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 1)

            def training_step(self, x, index):
                first, second = self.optimizers()
                loss = self.b(self.a(x)).pow(2).mean()
                self.manual_backward(loss)  # TL501
                first.step()
                second.step()

            def configure_optimizers(self):
                return optim.Adam(self.a.parameters()), optim.Adam(self.b.parameters())
    """,
    "schedules that a hook of Lightning steps": """
        import lightning

        class Single(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 1))

            def training_step(self, x, index):
                opt = self.optimizers()
                opt.zero_grad()
                loss = self.net(x).pow(2).mean()
                self.manual_backward(loss)
                opt.step()

            def on_train_epoch_end(self):
                self.lr_schedulers().step()

            def configure_optimizers(self):
                opt = optim.Adam(self.net.parameters())
                return [opt], [optim.lr_scheduler.ExponentialLR(opt, 0.98)]
    """,
    "weights of classes that stay behind": """
        def train(loader):
            net = nn.Linear(8, 3).to("cuda")
            rare = torch.tensor([1.0, 4.0, 9.0])
            wrong, right = nn.CrossEntropyLoss(weight=rare), nn.CrossEntropyLoss(weight=rare).to("cuda")
            opt = optim.Adam(net.parameters())
            for x, y in loader:
                scores, y = net(x.to("cuda")), y.to("cuda")
                loss = right(scores, y) + wrong(scores, y)  # TL535
                opt.zero_grad()
                loss.backward()
                opt.step()
    """,
    "a norm that goes with each of several layers": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.maps = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)])
                self.norm = nn.BatchNorm2d(8)
                self.again = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())

            def forward(self, x):
                for conv in self.maps:
                    x = F.relu(self.norm(conv(x)))  # TL519
                for _ in range(2):
                    x = self.again(x)
                return x
    """,
    "the model itself under the name of the best": """
        def train(loader, check):
            net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 3))
            opt = optim.Adam(net.parameters())
            best = {"score": 0.0, "net": None}
            for epoch in range(20):
                for x, y in loader:
                    opt.zero_grad()
                    F.cross_entropy(net(x), y).backward()
                    opt.step()
                score = check(epoch)
                if score > best["score"]:
                    best = {"score": score, "net": net}  # TL531
            torch.save(best["net"].state_dict(), "best.pt")
    """,
    "targets of which nothing is known": """
        def train(loader):
            net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 1))
            opt = optim.Adam(net.parameters())
            for x, y in loader:
                with torch.no_grad():
                    out = net(x)
                loss = F.mse_loss(out, y)
                opt.zero_grad()
                loss.backward()  # TL524
                opt.step()
    """,
    "gradients that are divided afterwards": """
        def train(loader, every=4):
            net = nn.Linear(8, 3)
            opt = optim.SGD(net.parameters(), 0.1, momentum=0.9)
            for number, (x, y) in enumerate(loader, 1):
                F.cross_entropy(net(x), y).backward()
                if number % every == 0:
                    for weight in net.parameters():
                        weight.grad /= every
                    opt.step()
                    opt.zero_grad()
    """,
    "small batches by their number": """
        def train(batches, accumulation=4):
            net = nn.Linear(8, 3)
            opt = optim.SGD(net.parameters(), 0.1, momentum=0.9)
            for update in range(1000):
                opt.zero_grad()
                for _ in range(accumulation):
                    x, y = next(batches)
                    F.cross_entropy(net(x), y).backward()  # TL538
                opt.step()
    """,
    "a sum of losses that is divided once": """
        def train(loader, every=4):
            net = nn.Linear(8, 3)
            opt = optim.SGD(net.parameters(), 0.1, momentum=0.9)
            for number, (x, y) in enumerate(loader, 1):
                small = sum(weight.abs().mean() for weight in net.parameters()) / 2  # not OP417
                ((F.cross_entropy(net(x), y) + 1e-4 * small) / every).backward()
                if number % every == 0:
                    opt.step()
                    opt.zero_grad()
    """,
    "squares that are summed over the batch": """
        def train(loader, mean):
            net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 1))
            opt = optim.SGD(net.parameters(), 0.01, momentum=0.9)
            for x, y in loader:
                opt.zero_grad()
                loss = ((net(x) - y) ** 2).sum()
                loss.backward()  # OP414
                opt.step()
                opt.zero_grad()
                (((net(x) - y) ** 2).sum() / len(x)).backward()  # not OP414
                opt.step()
    """,
    "a first state with the samples in front": """
        class Reader(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru = nn.GRU(3, 16, batch_first=True)

            def forward(self, x):
                wrong = self.gru(x, torch.zeros(x.size(0), 1, 16))[0]  # TL522
                return wrong + self.gru(x, torch.zeros(1, x.size(0), 16))[0]

        print(Reader()(torch.randn(6, 9, 3)).shape)
    """,
    "options of click, and a factor for each batch": """
        import click
        from torch.utils.data import DataLoader, TensorDataset

        @click.command()
        @click.option("--epochs", default=40)
        @click.option("--factor", default=0.9)
        def main(epochs, factor):
            data = TensorDataset(torch.randn(2000, 8), torch.randint(0, 4, (2000,)))
            loader = DataLoader(data, batch_size=20, shuffle=True)
            net = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 4))
            opt = optim.Adam(net.parameters(), weight_decay=1e-3)  # OP412
            slower = optim.lr_scheduler.MultiplicativeLR(opt, lambda step: factor)
            for epoch in range(epochs):
                for x, y in loader:
                    opt.zero_grad()
                    F.cross_entropy(net(x), y).backward()
                    opt.step()
                    slower.step()  # OP403

        main()
    """,
    "schedules and sets of Keras": """
        import keras
        from keras import layers, optimizers
        (x, y), (other, answers) = keras.datasets.boston_housing.load_data()
        mean, spread = x.mean(0), x.std(0)
        x, other = (x - mean) / spread, (other - mean) / spread
        model = keras.Sequential([layers.Dense(32, "relu"), layers.Dropout(0.1), layers.Dense(1)])
        falling = optimizers.schedules.ExponentialDecay(1e-3, decay_steps=1, decay_rate=0.9)
        model.compile(optimizers.Adam(falling), "mse")
        model.fit(x, y, batch_size=500, epochs=400)  # OP403 OP408
        high = optimizers.schedules.CosineDecay(0.9, 1000)
        other = keras.Sequential([layers.Dense(32, "relu"), layers.Dropout(0.1), layers.Dense(1)])
        other.compile(optimizers.Adam(high), "mse")  # OP401
        print(other.fit(x, y, batch_size=32, epochs=90))
    """,
    "layers of Keras that every call makes": """
        import tensorflow as tf

        class Block(tf.keras.layers.Layer):
            def build(self, shape):
                self.inner = tf.keras.layers.Dense(8)

            def call(self, x):
                return self.inner(x) + tf.keras.layers.Dense(8)(x)  # TL512

        x = tf.keras.Input((8,))
        model = tf.keras.Model(x, tf.keras.layers.Dense(2)(Block()(x)))
    """,
    "averages that begin with the first value": """
        class Mean:
            def __init__(self):
                self.value = None

            def add(self, x):
                self.value = x if self.value is None else 0.9 * self.value + 0.1 * x  # TL541

        def train(loader):
            net, mean, kept = nn.Linear(8, 3), Mean(), Mean()
            opt = optim.Adam(net.parameters())
            for x, y in loader:
                loss = F.cross_entropy(net(x), y)
                opt.zero_grad()
                loss.backward()
                opt.step()
                kept.add(loss.item())
                mean.add(loss)
    """,
    "the whole test data, summed in one expression": """
        def score(model, data):
            with torch.no_grad():
                return sum((model(x).argmax(1) == y).sum().item() for x, y in data)  # TL523

        def train(train_loader, test_loader):
            net = nn.Linear(8, 3)
            opt = optim.Adam(net.parameters())
            for x, y in train_loader:
                opt.zero_grad()
                F.cross_entropy(net(x), y).backward()
                opt.step()
                print(score(net, test_loader))
    """,
}


CODE = re.compile(r"[A-Z]{2}\d{3}")


def files(program: str) -> dict[str, str]:
    """The files of a program by their names."""
    first, *others = re.split(r"^=== (.+)\n", dedent(program), flags=re.MULTILINE)
    first = re.sub(
        r"^( *)\.\.\.$", lambda m: re.sub(r"^ {4}", m[1], LOOP.strip("\n"), flags=re.M), first, flags=re.M
    )
    return {"main.py": TORCH + first, **dict(zip(others[::2], others[1::2], strict=True))}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_broken_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    written = files(PROGRAMS[name])
    for path, text in written.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    said = [(n, line.partition("  # ")[2]) for n, line in enumerate(written["main.py"].splitlines(), 1)]
    expected = {(n, code) for n, text in said if "not" not in text for code in CODE.findall(text)}
    hints = frozenset(code for _, text in said for code in CODE.findall(text))
    result = engine.run([str(tmp_path / "main.py")], Settings(extend_select=tuple(hints)))
    found = {(f.place.line, f.code) for f in result.findings if f.level.rank > 0 or f.code in hints}
    assert found == expected
