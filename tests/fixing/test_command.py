"""``nnlint --fix`` and its kin on files: what is written, what is printed, and the exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from nnlint.cli import main
from nnlint.fixing import passes

HEAD = """\
import torch
from torch import nn

"""
LOOP = """\
def fit(model, loader, criterion, optimizer):
    for x, y in loader:
        criterion(model(x), y).backward()
        optimizer.step()
"""
CLEARED = LOOP.replace("        crit", "        optimizer.zero_grad()\n        crit")
RECTIFIED = """\
model = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1), nn.ReLU())
nn.functional.mse_loss(model(torch.randn(16, 8)), torch.sin(torch.randn(16, 1))).backward()
"""
LINEAR = RECTIFIED.replace(", nn.ReLU()", "")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with chdir(tmp_path):
        yield tmp_path


def test_safe_fix_is_written_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP)
    assert main(["train.py", "--fix"]) == 0
    assert path.read_text() == HEAD + CLEARED
    assert capsys.readouterr().out == (
        "1 finding fixed; read 1 program without a network, 1 training program: no findings\n"
    )


def test_unsafe_fix_is_written_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP + RECTIFIED)
    assert main(["train.py", "--fix", "--fail-on", "warning"]) == 1
    assert path.read_text() == HEAD + CLEARED + RECTIFIED
    assert "1 finding fixed; 1 warning left" in capsys.readouterr().out
    assert main(["train.py", "--fix", "--unsafe-fixes", "--fail-on", "warning"]) == 0
    assert path.read_text() == HEAD + CLEARED + LINEAR


def test_report_says_what_could_be_fixed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("train.py").write_text(HEAD + LOOP + RECTIFIED)
    main(["train.py"])
    printed = capsys.readouterr().out
    assert "before backward()  [fixable: safe]\n" in printed
    assert "stays linear  [fixable: unsafe]\n" in printed
    assert printed.endswith("(1 fixable with --fix, 1 more with --fix --unsafe-fixes)\n")


def test_diff_writes_nothing_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP)
    assert main(["train.py", "--diff"]) == 1
    assert path.read_text() == HEAD + LOOP
    assert capsys.readouterr().out == (
        "--- train.py\n+++ train.py\n@@ -3,5 +3,6 @@\n \n"
        " def fit(model, loader, criterion, optimizer):\n     for x, y in loader:\n"
        "+        optimizer.zero_grad()\n"
        "         criterion(model(x), y).backward()\n         optimizer.step()\n"
    )
    path.write_text(HEAD + CLEARED)
    assert main(["train.py", "--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_fix_only_reports_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("train.py").write_text(HEAD + LOOP + RECTIFIED)
    assert main(["train.py", "--fix-only", "--fail-on", "warning"]) == 0
    assert capsys.readouterr().out == ""
    assert Path("train.py").read_text() == HEAD + CLEARED + RECTIFIED


def test_json_holds_the_changes(capsys: pytest.CaptureFixture[str]) -> None:
    Path("train.py").write_text(HEAD + LOOP)
    main(["train.py", "--output-format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    (change,) = finding["fix"]["changes"]
    assert finding["fix"]["safety"] == "safe"
    assert (change["line"], change["column"], change["end_line"], change["end_column"]) == (6, 1, 6, 1)
    assert change["text"] == "        optimizer.zero_grad()\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encoding_and_ends_of_lines_stay(encoding: str) -> None:
    head = f"# -*- coding: {encoding} -*-\n# ü\n".encode(encoding)
    data = head + (HEAD + LOOP).replace("\n", "\r\n").replace("    ", "\t").encode()
    Path("train.py").write_bytes(data)
    main(["train.py", "--fix"])
    expected = head + (HEAD + CLEARED).replace("\n", "\r\n").replace("    ", "\t").encode()
    assert Path("train.py").read_bytes() == expected


def test_mode_of_the_file_stays() -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP)
    path.chmod(0o750)
    main(["train.py", "--fix"])
    assert path.stat().st_mode & 0o777 == 0o750
    assert [p.name for p in Path().iterdir()] == ["train.py"]


def test_link_leads_to_the_file_still() -> None:
    Path("real.py").write_text(HEAD + LOOP)
    Path("train.py").symlink_to("real.py")
    main(["train.py", "--fix"])
    assert Path("train.py").is_symlink()
    assert Path("real.py").read_text() == HEAD + CLEARED


def test_fix_that_brings_another_finding_is_not_made() -> None:
    text = HEAD + (
        "def dense(n_in, n_out):\n    return nn.Sequential(nn.Linear(n_in, n_out), nn.ReLU())\n\n"
        "model = nn.Sequential(dense(8, 16), dense(16, 1))\n"
        "nn.functional.mse_loss(model(torch.randn(16, 8)), torch.sin(torch.randn(16, 1))).backward()\n"
    )
    Path("train.py").write_text(text)
    assert main(["train.py", "--select", "HL105,AR603", "--fix", "--unsafe-fixes", "-q"]) == 0
    assert Path("train.py").read_text() == text  # without its ReLU the hidden layer would be linear
    assert main(["train.py", "--select", "HL105", "--fix", "--unsafe-fixes", "-q"]) == 0
    assert "nn.ReLU()" not in Path("train.py").read_text()


THRESHOLD = """\
model = nn.Sequential(nn.Linear(12, 1), nn.Sigmoid())
criterion = nn.BCEWithLogitsLoss({})
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
data = torch.utils.data.TensorDataset(torch.randn(64, 12), torch.ones(64, 1))
for x, y in torch.utils.data.DataLoader(data, batch_size=16, shuffle=True):
    optimizer.zero_grad()
    out = model(x)
    criterion(out, y).backward()
    optimizer.step()
    print(((out > 0.5) == y).float().mean())
"""


def test_other_fix_is_made_where_the_best_one_does_not_hold() -> None:
    Path("train.py").write_text(HEAD + THRESHOLD.format(""))
    assert main(["train.py", "--fix", "-q"]) == 0
    expected = THRESHOLD.format("").replace("BCEWithLogitsLoss", "BCELoss")
    assert Path("train.py").read_text() == HEAD + expected


def test_fix_that_did_not_hold_is_not_offered_again(capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + THRESHOLD.format("pos_weight=torch.tensor([2.0])")
    Path("train.py").write_text(text)
    assert main(["train.py", "--fix"]) == 1
    assert Path("train.py").read_text() == text
    printed = capsys.readouterr().out
    assert "HL102" in printed and "fixable" not in printed


def test_file_that_changed_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP)
    real = passes.fixed

    def slow(*arguments: object, **options: bool) -> passes.Fixed:
        outcome = real(*arguments, **options)  # type: ignore[arg-type]
        path.write_text(HEAD + LOOP + "# mine\n")
        return outcome

    monkeypatch.setattr(passes, "fixed", slow)
    assert main(["train.py", "--fix", "-q"]) == 1
    assert path.read_text() == HEAD + LOOP + "# mine\n"
    assert "not fixed: the file was changed while nnlint ran" in capsys.readouterr().err


def test_file_written_after_the_run_began_is_left_alone() -> None:
    path = Path("train.py")
    path.write_text(HEAD + LOOP)
    os.utime(path, ns=(2**62, 2**62))
    assert main(["train.py", "--fix", "-q"]) == 1
    assert path.read_text() == HEAD + LOOP


def test_only_files_that_are_named_are_written() -> None:
    Path("net.py").write_text(
        HEAD + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(3, 2)\n    def forward(self, x):\n        return self.fc(x).softmax(1)\n"
    )
    Path("train.py").write_text(
        HEAD
        + "from net import Net\nnn.CrossEntropyLoss()(Net()(torch.randn(4, 3)), torch.ones(4).long()).backward()\n"
    )
    before = Path("net.py").read_text()
    assert main(["train.py", "--fix", "-q"]) == 1
    assert Path("net.py").read_text() == before
    assert main([".", "--fix", "-q"]) == 0
    assert "return self.fc(x)\n" in Path("net.py").read_text()


def test_suppressed_finding_is_not_fixed() -> None:
    text = HEAD + LOOP.replace(".backward()", ".backward()  # nnlint: ignore[TL501]")
    Path("train.py").write_text(text)
    assert main(["train.py", "--fix", "-q"]) == 0
    assert Path("train.py").read_text() == text


def test_fixes_that_overlap_are_made_one_after_the_other() -> None:
    text = "layer = 1  # nnlint: ignore[IN101, IN102, HL101]\n"
    Path("train.py").write_text("import torch\n" + text)
    assert main(["train.py", "--fix", "-q"]) == 0
    assert Path("train.py").read_text() == "import torch\nlayer = 1\n"


def test_all_defects_of_a_program_are_fixed_together() -> None:
    classes = "".join(
        f"class Net{n}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.layers = [nn.Linear(3, 3)]\n    def forward(self, x):\n        return self.layers[0](x)\n\n"
        for n in range(5)
    )
    Path("train.py").write_text(HEAD + classes + LOOP)
    assert main(["train.py", "--fix", "-q"]) == 0
    assert Path("train.py").read_text().count("self.layers = nn.ModuleList([nn.Linear(3, 3)])") == 5
    assert Path("train.py").read_text().endswith(CLEARED)
