"""How many axes a value has, where the program says it by taking the shape apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import LossUse
from source.reading import evidence, output

ATTENTION = """
class Net(nn.Module):
    def __init__(self, width=64, heads=4):
        super().__init__()
        self.heads, self.qkv = heads, nn.Linear(width, 3 * width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).split(c, dim=2)
        q = q.view(b, t, self.heads, -1).transpose(1, 2)
        return q.flatten(2)
"""

UNDECIDED = """
class Net(nn.Module):
    def forward(self, x):
        if x.is_cuda:
            b, c, h, w = x.shape
        return x
"""


def test_a_shape_that_is_taken_apart_tells_the_rank(tmp_path: Path) -> None:
    assert output(tmp_path, ATTENTION).count(",") == 2


def test_a_shape_that_is_taken_apart_on_one_way_alone_tells_nothing(tmp_path: Path) -> None:
    assert output(tmp_path, UNDECIDED) == "(…)"


TABLE = """
import numpy as np
import pandas as pd
import torch
from torch import nn

df = pd.read_csv("houses.csv")
y = {labels}
x = torch.randn(64, 3)
target = torch.tensor(y, dtype=torch.float32)
rows = torch.randperm(len(x))[:8]
loss = nn.functional.mse_loss(nn.Linear(3, 1)(x)[rows], target[rows])
loss.backward()
"""


@pytest.mark.parametrize(
    ("labels", "rank"),
    [
        ('np.log1p(df["price"].values)', 1),
        ('np.log1p(df["price"]).to_numpy().reshape(-1, 1)', 2),
        ('np.expand_dims(df["price"].to_numpy(), 1)', 2),
        ('np.ravel(df[["price"]])', 1),
        ('df[["price"]].values', 2),
        ('df["price"].to_frame().values', 2),
        ('df["price"].values.reshape(shape)', None),
    ],
)
def test_axes_of_labels_are_followed_through_numpy_and_pandas(
    labels: str, rank: int | None, tmp_path: Path
) -> None:
    (use,) = [e for e in evidence(tmp_path, TABLE.replace("{labels}", labels)) if isinstance(e, LossUse)]
    assert use.target is not None
    assert use.target.shape.rank == rank
    assert use.prediction.shape.rank == 2
