"""Which divisions of one data set are the same, and which are drawn anew."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings

PROGRAM = """
import glob
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split
from PIL import Image

class Animals(Dataset):
    def __init__(self, root, transform):
        self.files, self.root, self.transform = sorted(glob.glob(root + "/*.jpg")), root, transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i])), 0

def set_seed(seed):
    torch.manual_seed(seed)

def loaders(root="data/animals"):
    a, b = Animals(root, augment), Animals(root, plain)
    n = int(0.8 * len(a))
{lines}
    return DataLoader(train, 32, shuffle=True), DataLoader(val, 32)

set_seed(1)
train_loader, val_loader = loaders()
net = nn.Sequential(nn.Flatten(), nn.Linear(300, 2))
optimizer = torch.optim.Adam(net.parameters())
for epoch in range(3):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print([(net(x).argmax(1) == y).float().mean() for x, y in val_loader])
"""
FRESH = "generator=torch.Generator().manual_seed({})"
APART = {
    "one after the other": (
        "train, _ = random_split(a, [n, len(a) - n])",
        "_, val = random_split(b, [n, len(b) - n])",
    ),
    "by two seeds": (
        f"train, _ = random_split(a, [0.8, 0.2], {FRESH.format(1)})",
        f"_, val = random_split(b, [0.8, 0.2], {FRESH.format(2)})",
    ),
}
ALIKE = {
    "at once": ("train, val = random_split(a, [n, len(a) - n])",),
    "by one seed": (
        f"train, _ = random_split(a, [0.8, 0.2], {FRESH.format('7')})",
        f"_, val = random_split(b, [0.8, 0.2], {FRESH.format('7')})",
    ),
    "seeded again": (
        "train, _ = random_split(a, [0.8, 0.2])",
        "set_seed(1)",
        "_, val = random_split(b, [0.8, 0.2])",
    ),
    "perhaps seeded again": (
        "train, _ = random_split(a, [0.8, 0.2])",
        "reseed_everything()",
        "_, val = random_split(b, [0.8, 0.2])",
    ),
    "of a part of the rest": (
        "rest, val = random_split(a, [0.8, 0.2])",
        "train, _ = random_split(rest, [0.9, 0.1])",
    ),
    "of other files": (
        "train, _ = random_split(a, [0.8, 0.2])",
        "_, val = random_split(Animals('other/b', plain), [0.8, 0.2])",
    ),
}


def found(path: Path, lines: tuple[str, ...]) -> list[str]:
    path.write_text(PROGRAM.format(lines=textwrap.indent("\n".join(lines), "    ")))
    result = engine.run([str(path)], Settings(select=("DP720",)))
    assert not result.failures
    return [finding.code for finding in result.findings]


@pytest.mark.parametrize("name", APART)
def test_divisions_that_are_drawn_anew_overlap(tmp_path: Path, name: str) -> None:
    assert found(tmp_path / "train.py", APART[name]) == ["DP720"]


@pytest.mark.parametrize("name", ALIKE)
def test_divisions_that_may_be_the_same_are_left_alone(tmp_path: Path, name: str) -> None:
    assert found(tmp_path / "train.py", ALIKE[name]) == []
