"""Heads against losses and shapes, in programs as people write them: several files, helpers, surgery."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Finding

CODES = ("HL101", "HL102", "HL104", "HL105", "HL106", "HL109", "AR601", "XC101", "XC103")
LOOP = """
def fit(model, loader, criterion):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
"""
START = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def findings(folder: Path, **files: str) -> tuple[Finding, ...]:
    for name, text in files.items():
        suffix = ".csv" if name.endswith("_csv") else ".py"
        (folder / (name.removesuffix("_csv") + suffix)).write_text(dedent(text).lstrip("\n"))
    result = engine.run([str(folder)], Settings(select=CODES))
    assert result.failures == ()
    return result.findings


def codes(folder: Path, program: str) -> list[str]:
    return [f.code for f in findings(folder, train=START + LOOP + dedent(program))]


def test_a_head_replaced_in_another_file_is_followed_to_the_loss(tmp_path: Path) -> None:
    found = findings(
        tmp_path,
        nets="""
            from torch import nn

            def mlp(sizes, last):
                layers = []
                for a, b in zip(sizes, sizes[1:]):
                    layers += [nn.Linear(a, b), nn.ReLU()]
                layers[-1] = last
                return nn.Sequential(*layers)
            """,
        losses="""
            import torch.nn as nn

            LOSSES = {"ce": nn.CrossEntropyLoss(label_smoothing=0.1), "mse": nn.MSELoss()}
            """,
        train="""
            import torch
            from torch import nn
            from losses import LOSSES
            from nets import mlp

            def step(model, batch, loss_name="ce"):
                x, y = batch
                return LOSSES[loss_name](model(x), y)

            model = mlp([10, 20, 4], nn.Softmax(dim=-1))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(10):
                optimizer.zero_grad()
                step(model, (torch.randn(8, 10), torch.randint(0, 4, (8,)))).backward()
                optimizer.step()
            """,
    )
    assert [(f.code, Path(f.place.path).name, f.place.line) for f in found] == [("HL101", "train.py", 8)]
    assert [(Path(s.place.path).name, s.place.line) for s in found[0].trail] == [("train.py", 10)]


def test_one_finding_for_a_head_that_training_and_validation_share(tmp_path: Path) -> None:
    program = """
        def validate(model, loader, criterion):
            with torch.no_grad():
                return sum(criterion(model(x), y).item() for x, y in loader)

        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        fit(model, [], nn.CrossEntropyLoss())
        data = [(torch.randn(2, 4), torch.randint(0, 3, (2,)))]
        fit(model, data, nn.CrossEntropyLoss())
        validate(model, data, nn.CrossEntropyLoss())
        """
    assert codes(tmp_path, program) == ["HL101"]


STEPS = """
    class Lit(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, {width})
            self.criterion = {criterion}

        def forward(self, x):
            return {head}

        def training_step(self, batch, batch_idx):
            x, y = batch
            loss = self.criterion(self(x), y)
            return loss
    """


@pytest.mark.parametrize(
    ("width", "criterion", "head", "expected"),
    [
        (1, "nn.BCEWithLogitsLoss()", "torch.sigmoid(self.fc(x))", ["HL102"]),
        (1, "nn.BCELoss()", "self.fc(x)", ["HL104"]),
        (5, "nn.CrossEntropyLoss()", "F.log_softmax(self.fc(x), dim=1)", ["HL101"]),
        (1, "nn.SmoothL1Loss()", "F.relu(self.fc(x))", ["HL105"]),
        (1, "nn.HuberLoss()", "self.fc(x).clamp(min=0)", ["HL105"]),
        (1, "nn.L1Loss()", "self.fc(x).tanh().squeeze(-1)", ["HL106"]),
        (1, "nn.BCELoss()", "F.softmax(self.fc(x), dim=-1)", ["HL109"]),
        (1, "nn.BCELoss()", "torch.sigmoid(self.fc(x))", []),
        (1, "nn.PoissonNLLLoss(log_input=False)", "F.softplus(self.fc(x))", []),
        (1, "nn.MSELoss()", "10 * torch.sigmoid(self.fc(x))", []),
        (1, "nn.MSELoss()", "F.relu(self.fc(x)) - 1", []),
    ],
)
def test_training_step_of_a_module_that_a_framework_trains(
    width: int, criterion: str, head: str, expected: list[str], tmp_path: Path
) -> None:
    text = dedent(STEPS).format(width=width, criterion=criterion, head=head)
    assert [f.code for f in findings(tmp_path, lit=START + text)] == expected


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            """
            class AutoEncoder(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.encoder = nn.Sequential(nn.Linear(784, 32), nn.ReLU())
                    self.decoder = nn.Sequential(nn.Linear(32, 784), nn.Sigmoid())

                def forward(self, x):
                    return self.decoder(self.encoder(x))

            model = AutoEncoder()
            for images, _ in torch.utils.data.DataLoader(unknown):
                loss = F.mse_loss(model(images.view(-1, 784)), images.view(-1, 784))
                loss.backward()
            """,
            id="autoencoder",
        ),
        pytest.param(
            """
            student, teacher = nn.Linear(8, 4), nn.Linear(8, 4)
            x = torch.randn(2, 8)
            loss = F.mse_loss(F.softmax(student(x), dim=1), F.softmax(teacher(x), dim=1).detach())
            loss.backward()
            """,
            id="consistency of two networks",
        ),
        pytest.param(
            """
            discriminator = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
            valid = torch.ones(4, 1)
            loss = nn.MSELoss()(discriminator(torch.randn(4, 8)), valid)
            loss.backward()
            """,
            id="least-squares GAN",
        ),
        pytest.param(
            """
            actor = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2), nn.Tanh())

            def clone(states, actions):
                loss = F.mse_loss(actor(states), actions)
                loss.backward()
            """,
            id="behaviour cloning",
        ),
        pytest.param(
            """
            class Game(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.trunk, self.value_head = nn.Linear(8, 16), nn.Linear(16, 1)

                def forward(self, board):
                    return torch.tanh(self.value_head(F.relu(self.trunk(board))))

            net = Game()

            def learn(boards, winners):
                loss = F.mse_loss(net(boards).squeeze(1), winners)
                loss.backward()
            """,
            id="value of a game",
        ),
        pytest.param(
            """
            body, out = nn.Sequential(nn.Linear(8, 16), nn.ReLU()), nn.Linear(16, 1)
            x = torch.randn(4, 8)
            hidden = body(x)
            loss = F.mse_loss(out(hidden), torch.randn(4, 1)) + hidden.pow(2).mean()
            loss.backward()
            """,
            id="penalty on hidden units",
        ),
        pytest.param(
            """
            model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.ReLU())
            y = torch.randn(4, 1).abs()
            loss = F.mse_loss(model(torch.randn(4, 8)), y)
            loss.backward()
            """,
            id="targets made positive",
        ),
        pytest.param(
            """
            model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 5))
            x, y = torch.randn(4, 8), torch.randint(0, 5, (4,))
            scores = model(x)
            confidence = F.softmax(scores, dim=1).max(dim=1).values
            F.cross_entropy(scores, y).backward()
            with torch.no_grad():
                print(F.cross_entropy(F.softmax(model(x), dim=1), y))
            """,
            id="softmax for what is printed",
        ),
        pytest.param(
            """
            class Attend(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.score, self.out = nn.Linear(8, 1), nn.Linear(8, 2)

                def forward(self, x):  # (N, T, 8)
                    weights = F.softmax(self.score(x).transpose(1, 2), dim=-1)
                    return self.out((weights @ x).squeeze(1))

            loss = F.cross_entropy(Attend()(torch.randn(4, 6, 8)), torch.zeros(4).long())
            loss.backward()
            """,
            id="attention",
        ),
        pytest.param(
            """
            class Block(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.one = nn.Sequential(nn.Conv2d(width, 8, 1), nn.ReLU(inplace=True))
                    self.three = nn.Sequential(nn.Conv2d(width, 16, 3, padding=1), nn.ReLU(inplace=True))

                def forward(self, x):
                    return torch.cat([self.one(x), self.three(x)], dim=1)

            net = nn.Sequential(Block(3), Block(24), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 2))
            net(torch.randn(2, 3, 8, 8))
            """,
            id="branches that end in place",
        ),
    ],
)
def test_silent_where_the_head_is_meant(program: str, tmp_path: Path) -> None:
    assert codes(tmp_path, program) == []


def test_sizes_that_do_not_meet_name_the_layer_and_lead_to_both(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path,
        net="""
            from torch import nn
            import torch

            class Net(nn.Module):
                def __init__(self, hidden=256):
                    super().__init__()
                    self.rnn = nn.LSTM(32, hidden, batch_first=True, bidirectional=True)
                    self.fc = nn.Linear(hidden, 10)

                def forward(self, x):
                    out, _ = self.rnn(x)
                    return self.fc(out[:, -1])

            Net()(torch.randn(4, 20, 32))
            """,
    )
    assert found.message == "Linear(in_features=256) gets 512 in (4, 512)"
    assert (found.place.line, [s.place.line for s in found.trail]) == (12, [11, 8])


def table(column: str, values: list[float]) -> str:
    rows = (f"{i % 7 + i / 100},{i % 5 + i / 50},{v}" for i, v in enumerate(values))
    return f"width,height,{column}\n" + "\n".join(rows) + "\n"


TABULAR = """
    import pandas as pd
    import torch
    from torch import nn

    frame = pd.read_csv("{file}")
    x = torch.tensor(frame[["width", "height"]].to_numpy(), dtype=torch.float32)
    y = torch.tensor({target}, dtype=torch.{dtype})
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), {last})
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(20):
        optimizer.zero_grad()
        loss = {loss}(model(x){squeeze}, y)
        loss.backward()
        optimizer.step()
    """


@pytest.mark.parametrize(
    ("last", "target", "expected"),
    [
        ("nn.Linear(16, 1), nn.ReLU()", 'frame["yield"].to_numpy()', ["XC101"]),
        ("nn.Linear(16, 1), nn.Tanh()", 'frame["yield"].to_numpy()', ["XC101"]),
        ("nn.Linear(16, 1)", 'frame["yield"].to_numpy()', []),
        ("nn.Linear(16, 1), nn.ReLU()", 'frame["yield"].abs().to_numpy()', []),
        ("nn.Linear(16, 1), nn.Tanh()", '(frame["yield"] / 80).to_numpy()', []),
    ],
)
def test_head_range_against_the_table(last: str, target: str, expected: list[str], tmp_path: Path) -> None:
    text = TABULAR.format(
        file="crop.csv",
        target=target,
        last=last,
        loss="nn.functional.mse_loss",
        squeeze=".squeeze(1)",
        dtype="float32",
    )
    values = [((i * 37) % 101) / 1.3 - 20.5 for i in range(120)]
    found = findings(tmp_path, train=text, crop_csv=table("yield", values))
    assert [f.code for f in found] == expected


@pytest.mark.parametrize(
    ("width", "target", "expected"),
    [
        (3, 'frame["label"].to_numpy()', []),
        (4, 'frame["label"].to_numpy()', ["XC103"]),
        (2, 'frame["label"].to_numpy()', ["XC103"]),
        (2, '(frame["label"] > 0).astype(int).to_numpy()', []),
    ],
)
def test_outputs_against_the_classes_in_the_table(
    width: int, target: str, expected: list[str], tmp_path: Path
) -> None:
    text = TABULAR.format(
        file="plants.csv",
        target=target,
        last=f"nn.Linear(16, {width})",
        loss="nn.functional.cross_entropy",
        squeeze="",
        dtype="long",
    )
    found = findings(tmp_path, train=text, plants_csv=table("label", [(i * 7) % 3 for i in range(120)]))
    assert [f.code for f in found] == expected
