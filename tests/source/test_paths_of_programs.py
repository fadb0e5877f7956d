"""Programs are found from wherever nnlint is started, also from inside of the package itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.config import Settings
from nnlint.evidence.source import LossUse
from nnlint.readers.source import read
from nnlint.readers.source.files import project

MODEL = "import torch\nfrom torch import nn\ndef net():\n    return nn.Sequential(nn.Linear(4, 2), nn.Softmax(1))\n"
TRAIN = """
import torch
from ..nets.model import net
model = net()
loss = torch.nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.zeros(8).long())
loss.backward()
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {"nets/model.py": MODEL, "runs/train.py": TRAIN, "__init__.py": "", "nets/__init__.py": ""}
    for name, text in {**files, "runs/__init__.py": ""}.items():
        path = tmp_path / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "pkg"


@pytest.mark.parametrize("start", [".", "runs", "nets", ".."])
def test_relative_imports_resolve_from_any_folder(
    package: Path, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(package / start)
    named = Path(
        {".": "runs/train.py", "runs": "train.py", "nets": "../runs/train.py"}.get(start, "pkg/runs/train.py")
    )
    uses = [e for e in read([named], Settings(), lambda _: None).evidence if isinstance(e, LossUse)]
    assert [(use.prediction.operation.kind, use.place.path) for use in uses] == [("softmax", str(named))]


def test_a_large_package_is_read_from_inside(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "BIG", 2)
    monkeypatch.chdir(package)
    uses = [
        e
        for e in read([Path("runs/train.py")], Settings(), lambda _: None).evidence
        if isinstance(e, LossUse)
    ]
    assert [use.prediction.operation.kind for use in uses] == ["softmax"]


def test_forgotten_modules_are_read_again(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "KEPT_SOURCE", 1)
    files = [package / "nets/model.py", package / "runs/train.py"]
    uses = [e for e in read(files, Settings(), lambda _: None).evidence if isinstance(e, LossUse)]
    assert [use.prediction.operation.kind for use in uses] == ["softmax"]
