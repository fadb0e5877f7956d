"""What reaches a loss, in programs as people write them: defects in other forms, and what looks like them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings

CODES = ("HL103", "HL107", "HL111", "HL113", "HL118", "HL119")
START = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

x, y = torch.randn(64, 8), torch.randint(4, (64,))
net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
"""


def found(folder: Path, program: str, start: str = START) -> list[str]:
    (folder / "train.py").write_text(start + dedent(program))
    result = engine.run([str(folder)], Settings(select=CODES))
    assert result.failures == ()
    return [f.code for f in result.findings]


@pytest.mark.parametrize(
    ("code", "program"),
    [
        ("HL103", "F.nll_loss(net(x) / 4.0, y).backward()"),
        ("HL103", "F.nll_loss(torch.relu(x @ torch.randn(8, 4)), y).backward()"),
        ("HL107", "F.cross_entropy(net(x).clamp(min=0), y).backward()"),
        ("HL107", "F.nll_loss(F.log_softmax(F.softplus(net(x)), 1), y).backward()"),
        ("HL111", "net(torch.sigmoid(torch.tanh(net[0](x)))[:, :8]).sum().backward()"),
        ("HL113", "F.nll_loss(F.log_softmax(net(x)), y).backward()"),
        ("HL113", "F.nll_loss(F.log_softmax(net(x), dim=0), y).backward()"),
        ("HL113", "F.nll_loss(net(torch.randn(2, 5, 8)).log_softmax(1).transpose(1, 2), y).backward()"),
        ("HL118", "F.kl_div(torch.sigmoid(net(x)), torch.rand(64, 4), reduction='sum').backward()"),
        ("HL119", "(-torch.log(F.softmax(net(x), 1).gather(1, y.view(-1, 1)))).mean().backward()"),
        ("HL119", "s = net(x); (s - s.exp().sum(1, keepdim=True).log()).mean().backward()"),
    ],
)
def test_a_defect_in_another_form_is_found(tmp_path: Path, code: str, program: str) -> None:
    assert found(tmp_path, program) == [code]


@pytest.mark.parametrize(
    "program",
    [
        "F.nll_loss(torch.log(F.softmax(net(x), 1) + 1e-9), y).backward()",
        "F.cross_entropy(-torch.cdist(net(x), torch.randn(4, 4)), y).backward()",
        "F.cross_entropy(F.adaptive_avg_pool1d(F.relu(net(x))[:, :, None], 1).flatten(1), y).backward()",
        "F.nll_loss(net(torch.randn(2, 5, 8)).log_softmax(2).transpose(1, 2), y).backward()",
        "(net(x) * torch.tanh(F.softplus(net(x)))).sum().backward()",
        'q = net(x).log_softmax(1); F.kl_div(q, q.detach(), reduction="batchmean", log_target=True).backward()',
        "torch.log(torch.sigmoid(F.normalize(net(x)))).sum().backward()",
        """
        for a, b in DataLoader(TensorDataset(x, x), batch_size=8):
            similarity = F.normalize(net(a)) @ F.normalize(net(b)).T
            (similarity.softmax(dim=0) + similarity.softmax(dim=1)).sum().backward()
        """,
        """
        for a, b in DataLoader(TensorDataset(x, y), batch_size=8):
            weights = F.softmax(net(a), dim=0)
            (weights * F.cross_entropy(net(a), b, reduction="none")[:, None]).sum().backward()
        """,
        """
        for a, b in DataLoader(TensorDataset(x, y), batch_size=8):
            most, _ = torch.max(net(a), dim=0)
            most.sum().backward()
        """,
    ],
)
def test_what_only_looks_like_a_defect_is_left_alone(tmp_path: Path, program: str) -> None:
    assert found(tmp_path, program) == []
