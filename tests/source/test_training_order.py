"""What a training loop does in which order: each change that breaks it is found, the program itself is silent."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.source import Did, Recipe
from source.reading import evidence, only

CODES = (
    *(
        "TL502",
        "TL503",
        "TL504",
        "TL506",
        "TL507",
        "TL508",
        "TL516",
        "TL517",
        "TL521",
        "TL524",
        "TL525",
        "TL528",
    ),
    *("TL538", "TL541", "OP404", "OP405", "OP410", "OP417"),
)

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        return self.head(self.body(x))
"""

PROGRAMS = {
    "functions": """
def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    return total

@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader)

def main(train_loader, test_loader):
    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5)
    for epoch in range(20):
        train_epoch(model, train_loader, nn.CrossEntropyLoss(), optimizer)
        scheduler.step()
        print(evaluate(model, test_loader))
""",
    "amp": """
def main(loader, parts=4):
    model = Net().cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cuda")
    smooth = 0.0
    for i, (x, y) in enumerate(loader):
        with torch.autocast("cuda"):
            loss = nn.functional.cross_entropy(model(x), y) / parts
        scaler.scale(loss).backward()
        smooth = 0.9 * smooth + 0.1 * loss.item()
        if (i + 1) % parts == 0:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
    print(smooth)
""",
    "recurrent": """
def main(windows):
    cell, head = nn.GRU(8, 16), nn.Linear(16, 1)
    optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=1e-3)
    state = torch.zeros(1, 4, 16)
    for x, y in windows:
        state = state.detach()
        out, state = cell(x, state)
        loss = nn.functional.mse_loss(head(out[-1]), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
""",
}

BROKEN = [
    ("functions", "TL502", "        loss.backward()\n", ""),
    ("functions", "TL503", "        optimizer.step()\n", ""),
    (
        "functions",
        "TL504",
        "        optimizer.step()\n",
        "        optimizer.zero_grad()\n        optimizer.step()\n",
    ),
    ("functions", "TL506", "    model.train()\n", ""),
    ("functions", "TL507", "@torch.no_grad()\n", ""),
    ("functions", "TL508", "loss.item()", "loss"),
    ("functions", "TL516", "loss.backward()", "loss.backward(retain_graph=True)"),
    ("functions", "TL524", "def train_epoch", "@torch.no_grad()\ndef train_epoch"),
    (
        "functions",
        "TL528",
        "    model.train()\n",
        "    optimizer = torch.optim.Adam(model.parameters())\n    model.train()\n",
    ),
    (
        "functions",
        "OP404",
        "        train_epoch(model",
        "        scheduler.step()\n        train_epoch(model",
    ),
    ("functions", "OP405", "        scheduler.step()\n", ""),
    ("functions", "OP410", "1.0)\n        optimizer.step()\n", "1e6)\n        optimizer.step()\n"),
    ("amp", "TL517", "            scaler.update()\n", ""),
    ("amp", "TL538", "y) / parts", "y)"),
    ("amp", "TL541", "0.1 * loss.item()", "0.1 * loss"),
    ("amp", "OP410", "            scaler.unscale_(optimizer)\n", ""),
    ("amp", "OP417", "y) / parts\n", "y) / parts / parts\n"),
    ("recurrent", "TL521", "        state = state.detach()\n", ""),
    ("recurrent", "TL525", "head(out[-1]), y", "x, y"),
]


@pytest.mark.parametrize("style", PROGRAMS)
def test_a_loop_in_order_is_silent(tmp_path: Path, style: str) -> None:
    assert found(tmp_path, NET + PROGRAMS[style]) == set()


@pytest.mark.parametrize(("style", "code", "old", "new"), BROKEN, ids=lambda text: text[:9].strip())
def test_a_loop_out_of_order_is_found(tmp_path: Path, style: str, code: str, old: str, new: str) -> None:
    assert old in PROGRAMS[style]
    assert code in found(tmp_path, NET + PROGRAMS[style].replace(old, new))


def test_the_branches_of_an_event_tell_what_happens_together(tmp_path: Path) -> None:
    recipe = only(Recipe, evidence(tmp_path, dedent(NET) + PROGRAMS["amp"]))
    branches = {event.did: event.branches for event in recipe.events}
    assert branches[Did.BACKWARD] == ()
    assert branches[Did.STEP] == branches[Did.ZERO_GRAD] != ()
    assert set(branches[Did.STEP]) <= recipe.periodic


def found(folder: Path, source: str) -> set[str]:
    path = folder / "main.py"
    path.write_text(source)
    result = engine.run([str(path)], Settings(select=CODES))
    return {finding.code for finding in result.findings}
