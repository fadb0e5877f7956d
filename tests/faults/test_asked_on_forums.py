"""Programs as people ask about them: each is reported for its one cause, and its repaired twin is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
LOOP = """
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(10):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = {loss}
        loss.backward()
        optimizer.step()
"""
DIGITS = """
from torchvision import datasets, transforms
steps = transforms.Compose([transforms.ToTensor(), {steps}])
digits = datasets.MNIST("data", transform=steps)
train_loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
"""

ASKED: dict[str, tuple[str, str, str, str]] = {
    "a sigmoid for each of three classes": (
        "HL101",
        dedent("""
        class Wine(nn.Module):
            def __init__(self):
                super(Wine, self).__init__()
                self.a, self.b = nn.Linear(13, 24), nn.Linear(24, 3)
            def forward(self, x):
                return torch.sigmoid(self.b(F.relu(self.a(x))))
        model = Wine()
        """)
        + LOOP.format(loss="F.cross_entropy(model(x), y)"),
        "return torch.sigmoid(self.b(F.relu(self.a(x))))",
        "return self.b(F.relu(self.a(x)))",
    ),
    "the exponential of a log-softmax goes to the loss": (
        "HL101",
        dedent("""
        model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(dim=1))
        """)
        + LOOP.format(loss="F.cross_entropy(torch.exp(model(x)), y)"),
        "F.cross_entropy(torch.exp(model(x)), y)",
        "F.nll_loss(model(x), y)",
    ),
    "a focal loss of probabilities": (
        "HL111",
        dedent("""
        class Focal(nn.Module):
            def forward(self, given, wanted):
                logs = F.log_softmax(given, dim=1).gather(1, wanted.view(-1, 1)).view(-1)
                return (-((1 - logs.exp()) ** 2) * logs).mean()
        model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 4), nn.Softmax(dim=1))
        criterion = Focal()
        """)
        + LOOP.format(loss="criterion(model(x), y)"),
        ", nn.Softmax(dim=1))",
        ")",
    ),
    "a logarithm of scores": (
        "HL123",
        dedent("""
        def cost(p, y):
            return -(y * p.log() + (1 - y) * (1 - p).log()).mean()
        model = nn.Sequential(nn.Linear(9, 6), nn.Tanh(), nn.Linear(6, 1))
        """)
        + LOOP.format(loss="cost(model(x).squeeze(1), y)"),
        "cost(model(x).squeeze(1), y)",
        "cost(model(x).squeeze(1).sigmoid().clamp(1e-6, 1 - 1e-6), y)",
    ),
    "an overlap that is minimised": (
        "HL124",
        dedent("""
        class Overlap(nn.Module):
            def forward(self, given, wanted):
                a, b = given.reshape(-1), wanted.reshape(-1)
                shared = (a * b).sum()
                share = (shared + 1e-5) / (a.sum() + b.sum() - shared + 1e-5)
                return share
        model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Sigmoid())
        measure = Overlap()
        """)
        + LOOP.format(loss="measure(model(x), y)"),
        "return share",
        "return 1 - share",
    ),
    "a decoder that ends in relu, and digits from -1 to 1": (
        "HL122",
        DIGITS.format(steps="transforms.Normalize((0.5,), (0.5,))")
        + dedent("""
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 784), nn.ReLU())
        """)
        + LOOP.format(loss="F.mse_loss(model(x), x.flatten(1))"),
        "nn.Linear(40, 784), nn.ReLU())",
        "nn.Linear(40, 784), nn.Tanh())",
    ),
    "binary cross-entropy of digits without mean and deviation of their own": (
        "HL122",
        DIGITS.format(steps="transforms.Normalize((0.1307,), (0.3081,))")
        + dedent("""
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 784), nn.Sigmoid())
        """)
        + LOOP.format(loss="F.binary_cross_entropy(model(x), x.flatten(1))"),
        "transforms.Normalize((0.1307,), (0.3081,))",
        "transforms.RandomAffine(5)",
    ),
    "statistics of bytes": (
        "DP705",
        DIGITS.format(steps="transforms.Normalize((33.3,), (78.6,))")
        + dedent("""
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10))
        """)
        + LOOP.format(loss="F.cross_entropy(model(x), y)"),
        "(33.3,), (78.6,)",
        "(0.1307,), (0.3081,)",
    ),
    "a function that divides once more": (
        "DP705",
        DIGITS.format(steps="transforms.Lambda(lambda t: t / 255)")
        + dedent("""
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10))
        """)
        + LOOP.format(loss="F.cross_entropy(model(x), y)"),
        "t / 255",
        "t - 0.5",
    ),
    "scores of pixels in rows": (
        "AR604",
        dedent("""
        model = nn.Sequential(nn.Conv2d(4, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 6, 1))
        """)
        + LOOP.format(loss="F.cross_entropy(model(x).reshape(-1, 6), y.reshape(-1))"),
        "model(x).reshape(-1, 6)",
        "model(x).permute(0, 2, 3, 1).reshape(-1, 6)",
    ),
    "a layer whose result is lost": (
        "TL533",
        dedent("""
        class Skip(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two, self.out = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 2)
            def forward(self, x):
                h = torch.relu(self.one(x))
                g = torch.relu(self.two(h))
                return self.out(h)
        model = Skip()
        """)
        + LOOP.format(loss="F.cross_entropy(model(x), y)"),
        "return self.out(h)",
        "return self.out(g)",
    ),
    "one picture in both branches": (
        "TL550",
        dedent("""
        class Pair(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(16))
            def forward(self, img_a, img_b):
                first = self.body(img_a)
                second = self.body(img_a)
                return F.pairwise_distance(first, second)
        model = Pair()
        """)
        + LOOP.format(loss="F.mse_loss(model(x[0], x[1]), y)"),
        "second = self.body(img_a)",
        "second = self.body(img_b)",
    ),
    "weights of attention over the queries": (
        "AR621",
        dedent("""
        class Pool(nn.Module):
            def __init__(self):
                super().__init__()
                self.q, self.k, self.v = nn.Linear(32, 32), nn.Linear(32, 32), nn.Linear(32, 32)
                self.out = nn.Linear(32, 2)
            def forward(self, x):
                w = F.softmax(torch.bmm(self.q(x), self.k(x).transpose(1, 2)) / 32**0.5, dim=-2)
                return self.out(torch.bmm(w, self.v(x)).mean(1))
        model = Pool()
        """)
        + LOOP.format(loss="F.cross_entropy(model(x), y)"),
        "dim=-2",
        "dim=-1",
    ),
    "the rate of a first training for fine-tuning": (
        "OP401",
        dedent("""
        from transformers import RobertaForSequenceClassification
        model = RobertaForSequenceClassification.from_pretrained("roberta-base", num_labels=3)
        """)
        + LOOP.format(loss="model(input_ids=x, labels=y).loss").replace("1e-3", "5e-3"),
        "lr=5e-3",
        "lr=2e-5",
    ),
    "values of actions that cannot be negative": (
        "HL105",
        dedent("""
        class Values(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(6, 32), nn.Linear(32, 3)
            def forward(self, s):
                return F.relu(self.b(F.relu(self.a(s))))
        model, frozen = Values(), Values()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        def learn(s, a, r, after, over):
            chosen = model(s).gather(1, a)
            with torch.no_grad():
                goal = r + 0.98 * frozen(after).max(1, keepdim=True)[0] * (1 - over)
            loss = F.smooth_l1_loss(chosen, goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for batch in memory:
            learn(*batch)
        """),
        "return F.relu(self.b(F.relu(self.a(s))))",
        "return self.b(F.relu(self.a(s)))",
    ),
    "arrays that are shuffled one after the other": (
        "DP715",
        dedent("""
        import numpy as np
        from sklearn.utils import shuffle
        waves, kinds = np.load("waves.npy"), np.load("kinds.npy")
        waves = shuffle(waves)
        kinds = shuffle(kinds)
        waves, kinds = torch.tensor(waves).float(), torch.tensor(kinds).long()
        model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 5))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(100):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(waves), kinds)
            loss.backward()
            optimizer.step()
        """),
        "waves = shuffle(waves)\nkinds = shuffle(kinds)",
        "waves, kinds = shuffle(waves, kinds)",
    ),
}


def found(folder: Path, source: str) -> set[str]:
    (folder / "asked.py").write_text(HEAD + source, encoding="utf-8")
    result = engine.run([str(folder)], Settings())
    assert not result.failures
    return {finding.code for finding in result.findings if finding.level is not Level.HINT}


@pytest.mark.parametrize("name", ASKED)
def test_the_cause_is_named(name: str, tmp_path: Path) -> None:
    code, source, _, _ = ASKED[name]
    assert found(tmp_path, source) == {code}


@pytest.mark.parametrize("name", ASKED)
def test_the_repaired_program_is_clean(name: str, tmp_path: Path) -> None:
    _, source, old, new = ASKED[name]
    assert old in source
    assert found(tmp_path, source.replace(old, new)) == set()
