"""Which axis holds the samples of a batch, in programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import Recipe
from nnlint.network.batch import GONE, batch_axes
from source.reading import evidence

LOADED = """
from torch.utils.data import DataLoader, TensorDataset

for x, in DataLoader(TensorDataset(torch.randn(100, {sizes})), batch_size=8):
    result = torch.exp({made})
    result.sum().backward()
"""
UNKNOWN_INPUT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm1d(8)
        self.fc, self.rnn = nn.Linear(8, 4), nn.GRU(8, 4)

    def forward(self, x):
        return torch.exp({made})

Net()
"""


def axis(folder: Path, program: str) -> int | None:
    recipes = [e for e in evidence(folder, program) if isinstance(e, Recipe)]
    operations = [o for recipe in recipes for o in recipe.operations]
    (last,) = (o for o in operations if o.kind == "exp")
    return batch_axes(operations)(last.inputs[0])


@pytest.mark.parametrize(
    ("sizes", "made", "expected"),
    [
        ("4", "x", 0),
        ("4", "nn.Linear(4, 2)(x).relu()", 0),
        ("3, 4", "x.transpose(0, 1)", 1),
        ("3, 4", "x.permute(2, 0, 1)", 1),
        ("3, 4", "x.sum(dim=1)", 0),
        ("3, 4", "x.transpose(0, 1).mean(0)", 0),
        ("3, 4", "x.view(-1, 12)", 0),
        ("3, 4", "x.unsqueeze(0)", 1),
        ("3, 4", "x[:, -1]", 0),
        ("3, 4", "x[None, :, 0]", 1),
        ("3, 4", "x[0]", GONE),
        ("3, 4", "x.squeeze(0)", GONE),
        ("3, 4", "nn.Linear(4, 2)(x[0])", GONE),
        ("3, 4", "x.flatten(0, 1)", None),
        ("3, 4", "torch.stack([x, x])", 1),
        ("3, 4", "x + torch.zeros(4)", 0),
        ("4", "x @ x.T", None),
        ("4", "x @ torch.randn(4, 2)", 0),
        ("4", "torch.einsum('nd,md->nm', x, x)", None),
    ],
)
def test_axis_of_a_loaders_batch_is_followed(
    tmp_path: Path, sizes: str, made: str, expected: int | None
) -> None:
    assert axis(tmp_path, LOADED.format(sizes=f"{sizes},", made=made)) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("x", None),
        ("self.fc(x)", None),
        ("self.fc(self.norm(x))", 0),
        ("self.fc(torch.flatten(x, 1))", 0),
        ("self.fc(x.view(x.size(0), -1))", 0),
        ("self.fc(self.conv(x).view(-1, 8))", 0),
        ("self.fc(x.view(-1, 8))", None),
        ("self.fc(self.norm(x.squeeze(0)))", GONE),
    ],
)
def test_layers_and_flattening_prove_a_batch(tmp_path: Path, made: str, expected: int | None) -> None:
    assert axis(tmp_path, UNKNOWN_INPUT.format(made=made)) == expected
