"""How many axes a value has, where the program says it by taking the shape apart."""

from __future__ import annotations

from pathlib import Path

from source.reading import output

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
