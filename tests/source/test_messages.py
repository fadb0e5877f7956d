"""Messages say in plain words what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings

EVALUATED = """
import torch
from torch import nn

net = nn.Sequential(LAYERS)
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()
with torch.no_grad():
    for x, y in test_loader:
        print((net(x).argmax(1) == y).sum())
"""

LEAK = """
import numpy as np
from sklearn.model_selection import train_test_split

data = np.load("series.npz")
x, y = data["x"], data["y"]
x = (x - x.mean(axis=0)) / x.std(axis=0)
x_train, x_test, y_train, y_test = train_test_split(x, y)
"""


def _message(source: str, code: str, tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(source)
    (found,) = engine.run([str(path)], Settings(select=(code,))).findings
    return found.message


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("nn.Linear(8, 4), nn.Dropout(), nn.Linear(4, 3)", "1 Dropout still acts"),
        ("nn.Dropout(), nn.Linear(8, 4), nn.Dropout(), nn.Linear(4, 3)", "2 Dropout still act"),
        (
            "nn.Dropout(), nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)",
            "Dropout, BatchNorm1d still act",
        ),
    ],
)
def test_verb_agrees_with_number_of_layers(layers: str, expected: str, tmp_path: Path) -> None:
    message = _message(EVALUATED.replace("LAYERS", layers), "TL505", tmp_path)
    assert message == f"evaluated in train mode: {expected} as in training"


def test_leak_by_hand_names_statistic_and_rows(tmp_path: Path) -> None:
    assert _message(LEAK, "DP701", tmp_path) == (
        "the mean is taken over all rows, so test rows leak into the training features"
    )
