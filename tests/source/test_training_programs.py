"""Whole training programs in the styles of the field: what is broken is found, the good twin is silent."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings

CODES = ("TL501", "TL505", "TL513", "OP401", "NR302", "NR307", "SP201", "SP207")

HEAD = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.utils.data import DataLoader

class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.fc1 = nn.Linear(20, width)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(width, 3)

    def forward(self, x):
        return self.fc2(self.drop(F.relu(self.fc1(x))))
"""

PROGRAMS: dict[str, str] = {
    "phases": """
        def train_model(model, dataloaders, criterion, optimizer, num_epochs=25):
            for epoch in range(num_epochs):
                for phase in ["train", "val"]:
                    if phase == "train":
                        model.train()
                    else:
                        {model.eval()|pass}
                    for inputs, labels in dataloaders[phase]:
                        {optimizer.zero_grad()|pass}
                        with torch.set_grad_enabled(phase == "train"):
                            outputs = model(inputs)
                            loss = criterion(outputs, labels)
                            if phase == "train":
                                loss.backward()
                                optimizer.step()

        def main(datasets):
            loaders = {x: DataLoader(datasets[x], batch_size=4, shuffle=True) for x in ["train", "val"]}
            model = Net()
            train_model(model, loaders, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr={0.01|50.0}))
    """,
    "trainer class": """
        class Trainer:
            def __init__(self, model, train_loader, val_loader, lr={1e-3|0.3}):
                self.model = model
                self.train_loader, self.val_loader = train_loader, val_loader
                self.optimizer = optim.Adam(self.model.parameters(), lr=lr)
                self.criterion = nn.CrossEntropyLoss()

            def train_epoch(self):
                self.model.train()
                for x, y in self.train_loader:
                    {self.optimizer.zero_grad()|pass}
                    loss = self.criterion(self.model(x), y)
                    loss.backward()
                    self.optimizer.step()

            @torch.no_grad()
            def validate(self):
                {self.model.eval()|pass}
                return sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.val_loader)

            def fit(self, epochs):
                for _ in range(epochs):
                    self.train_epoch()
                    print(self.validate())

        if __name__ == "__main__":
            Trainer(Net(), DataLoader(load("train")), DataLoader(load("val"))).fit(10)
    """,
    "mixed precision": """
        def run(train_loader, test_loader, device="cuda"):
            model = Net().to(device)
            opt = optim.AdamW(model.parameters(), lr={3e-4|0.1})
            scaler = torch.cuda.amp.GradScaler()
            for epoch in range(5):
                for x, y in train_loader:
                    {opt.zero_grad(set_to_none=True)|pass}
                    with torch.autocast("cuda"):
                        loss = F.cross_entropy(model(x.to(device)), y.to(device))
                    scaler.scale(loss).backward()
                    scaler.unscale_(opt)
                    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    scaler.step(opt)
                    scaler.update()
            {model.eval()|pass}
            with torch.inference_mode():
                for x, y in test_loader:
                    print(model(x.to(device)).argmax(1) == y)
    """,
    "closure": """
        def fit(x, y):
            model = Net()
            optimizer = optim.LBFGS(model.parameters(), lr=1.0)

            def closure():
                {optimizer.zero_grad()|pass}
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            for step in range(50):
                optimizer.step(closure)
            {model.eval()|pass}
            with torch.no_grad():
                print(model(x).argmax(1))
    """,
    "full batch": """
        def main(X_train, y_train, X_test, y_test):
            model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.RMSprop(model.parameters(), lr={0.001|0.2})
            for epoch in range(100):
                model.train()
                loss = F.cross_entropy(model(X_train), y_train)
                {optimizer.zero_grad()|pass}
                loss.backward()
                optimizer.step()
                {model.eval()|pass}
                with torch.no_grad():
                    test_loss = F.cross_entropy(model(X_test), y_test)
    """,
    "annotated": """
        def train_one_epoch(
            model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer, criterion: nn.Module
        ) -> float:
            model.train()
            total = 0.0
            for batch_idx, (data, target) in enumerate(loader):
                data, target = data.cuda(), target.cuda()
                {optimizer.zero_grad()|pass}
                loss = criterion(model(data), target)
                loss.backward()
                optimizer.step()
                total += loss.item()
            return total / len(loader)
    """,
    "several scripts in one": """
        def evaluate(net, loader):
            {net.eval()|pass}
            correct = 0
            with torch.no_grad():
                for x, y in loader:
                    correct += (net(x).argmax(1) == y).sum().item()
            return correct

        def train(net, loader, opt, sched):
            net.train()
            for x, y in loader:
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                opt.step()
                {opt.zero_grad()|pass}
            sched.step()

        net = Net()
        opt = optim.SGD(net.parameters(), lr={0.1|5}, momentum=0.9)
        sched = optim.lr_scheduler.StepLR(opt, step_size=10)
        train_loader = DataLoader(load("train"), batch_size=32, shuffle=True)
        test_loader = DataLoader(load("test"), batch_size=32)
        for epoch in range(30):
            train(net, train_loader, opt, sched)
            print(epoch, evaluate(net, test_loader))
    """,
    "trainer that others construct": """
        class Learner:
            def __init__(self, optimizer, loader, epochs=3):
                self.model = Net()
                self.optimizer, self.loader, self.epochs = optimizer, loader, epochs

            def fit(self):
                for epoch in range(self.epochs):
                    for batch in self.loader:
                        self._step(batch)

            def _step(self, batch):
                {self.optimizer.zero_grad()|pass}
                F.cross_entropy(self.model(batch[0]), batch[1]).backward()
                self.optimizer.step()

            def predict(self, x_test):
                {self.model.eval()|pass}
                with torch.no_grad():
                    return self.model(x_test).argmax(1)
    """,
    "while loop": """
        def learn(batches):
            model = Net()
            optimizer = optim.NAdam(model.parameters(), lr={2e-3|0.5})
            step = 0
            while step < 10_000:
                x, y = next(batches)
                {model.zero_grad()|pass}
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                step += 1
    """,
}
"""Programs with ``{good|broken}`` at each spot that can be broken; the codes follow from the spot."""

SPOTS = {"zero_grad": "TL501", "eval()": "TL505", "": "OP401"}


def spots(program: str) -> list[tuple[str, str]]:
    """The good and the broken text of each spot."""
    found = []
    for part in program.split("{")[1:]:
        inside = part.split("}")[0]
        if "|" in inside and "\n" not in inside:
            good, _, broken = inside.partition("|")
            found.append((good, broken))
    return found


def variant(program: str, broken: int | None) -> str:
    """The program with everything good, or with one spot broken."""
    text = program
    for number, (good, bad) in enumerate(spots(program)):
        text = text.replace("{" + f"{good}|{bad}" + "}", bad if number == broken else good)
    return HEAD + dedent(text)


def code_of(good: str) -> str:
    return next(code for mark, code in SPOTS.items() if mark in good)


def found(tmp_path: Path, text: str) -> set[str]:
    path = tmp_path / "program.py"
    path.write_text(text)
    result = engine.run([str(path)], Settings(select=CODES))
    assert result.failures == ()
    return {finding.code for finding in result.findings}


@pytest.mark.parametrize("name", PROGRAMS)
def test_good_program_is_silent(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, variant(PROGRAMS[name], None)) == set()


@pytest.mark.parametrize(
    ("name", "spot"), [(name, n) for name in PROGRAMS for n in range(len(spots(PROGRAMS[name])))]
)
def test_each_broken_spot_is_found_alone(name: str, spot: int, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    assert found(tmp_path, variant(program, spot)) == {code_of(spots(program)[spot][0])}


SILENT: dict[str, str] = {
    "accelerate": """
        from accelerate import Accelerator

        def main(loader):
            accelerator = Accelerator()
            model = Net()
            optimizer = optim.Adam(model.parameters(), lr=1e-3)
            model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
            for x, y in loader:
                with accelerator.accumulate(model):
                    accelerator.backward(F.cross_entropy(model(x), y))
                    optimizer.step()
                    optimizer.zero_grad()
    """,
    "lightning": """
        import lightning as L

        class Lit(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = Net()

            def training_step(self, batch, batch_idx):
                return F.cross_entropy(self.net(batch[0]), batch[1])

            def validation_step(self, batch, batch_idx):
                self.log("val", F.cross_entropy(self.net(batch[0]), batch[1]))

            def configure_optimizers(self):
                return optim.Adam(self.parameters(), lr=1e-3)

        L.Trainer(max_epochs=3).fit(Lit(), DataLoader(load("train")), DataLoader(load("val")))
    """,
    "samples of a generator in train mode": """
        def main(loader, noise):
            g, d = Net(), Net()
            opt_g, opt_d = optim.Adam(g.parameters(), lr=2e-4), optim.Adam(d.parameters(), lr=2e-4)
            for real, _ in loader:
                d.zero_grad()
                (d(g(noise).detach()).mean() - d(real).mean()).backward()
                opt_d.step()
                g.zero_grad()
                (-d(g(noise))).mean().backward()
                opt_g.step()
            with torch.no_grad():
                fake = g(noise)
    """,
    "statistics of norms are renewed": """
        def main(train_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.Linear(64, 3))
            optimizer = optim.Adam(model.parameters(), lr=1e-3)
            for x, y in train_loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.train()
            with torch.no_grad():
                for x, _ in train_loader:
                    model(x)
    """,
    "rate set by hand": """
        def main(loader):
            model = Net()
            optimizer = optim.SGD(model.parameters(), lr=10.0)
            for step, (x, y) in enumerate(loader):
                for group in optimizer.param_groups:
                    group["lr"] = 0.1 / (1 + step)
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    """,
    "a new model in each round": """
        def cross_validate(folds):
            for x, y in folds:
                model = Net()
                optimizer = optim.Adam(model.parameters(), lr=1e-3)
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    """,
    "gradients are cleared by a helper that is not seen": """
        from engine import clear_gradients

        def main(loader):
            model = Net()
            optimizer = optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                clear_gradients(optimizer)
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    """,
    "names that are not known register layers": """
        class Deep(nn.Module):
            def __init__(self, names):
                super().__init__()
                self.parts = []
                for name in names:
                    layer = nn.Linear(20, 20)
                    setattr(self, name, layer)
                    self.parts.append(layer)

            def forward(self, x):
                for part in self.parts:
                    x = part(x)
                return x
    """,
}


@pytest.mark.parametrize("name", SILENT)
def test_what_only_looks_broken_is_silent(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, HEAD + dedent(SILENT[name])) == set()
