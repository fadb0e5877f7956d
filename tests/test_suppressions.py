"""Comments and configuration entries that silence: where they reach, and how they are judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnlint.check import all_checks
from nnlint.cli import main
from nnlint.comments import comments_of
from nnlint.config import Settings
from nnlint.evidence.files import Suppression
from nnlint.evidence.place import Place
from nnlint.evidence.source import Program
from nnlint.finding import Finding, Level
from nnlint.mentions import Elsewhere
from nnlint.suppress import Suppressing, apply

IGNORE = "# nnlint: ignore[IN101]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finding(line: int, end: int = 0, *, path: str = "model.py", cell: int = 0) -> Finding:
    place = Place(path, line, 1, end or line, 5, cell=cell)
    return Finding(place, "bad", code="IN101", name="unreadable-file", level=Level.ERROR)


def silenced(source: str, *findings: Finding, settings: Settings | None = None) -> Suppressing:
    Path("model.py").write_text(source)
    evidence = [Program("model.py", 1)]
    return apply(findings, all_checks(), evidence, settings or Settings())


def judged(source: str, *findings: Finding) -> Suppression:
    (comment,) = silenced(source, *findings).comments
    return comment


@pytest.mark.parametrize(
    ("source", "line", "end"),
    [
        (f"x = 1  {IGNORE} reason", 1, 1),
        ("x = 1  # noqa # nnlint: ignore[IN101]", 1, 1),
        ("x = 1  #nnlint:ignore [ XX1, unreadable-file ]", 1, 1),
        ("x = 1  # nnlint: ignore[IN]", 1, 1),
        ("x = 1  # nnlint: ignore", 1, 1),
        (f"{IGNORE}\n# another comment\n\nx = 1", 4, 4),
        (f"{IGNORE}\nx = f(\n  1,\n  2)", 3, 3),
        (f"x = f(\n  1,  {IGNORE}\n  2)", 1, 3),
        (f"x = f(\n  1,\n  2)  {IGNORE}", 2, 2),
        (f"x = f(\n  1,\n  {IGNORE}\n  2)", 4, 4),
        (f"class A:\n    {IGNORE}\n    def f(self):\n        pass", 3, 3),
        ("x = 1\n\n# nnlint: ignore-file[IN101]", 1, 1),
    ],
)
def test_comment_silences_a_finding_in_its_reach(source: str, line: int, end: int) -> None:
    assert silenced(source, finding(line, end)).kept == ()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (f"x = 1  {IGNORE}\ny = 2", 2),
        (f"x = 1\n{IGNORE}\ny = 2", 1),
        (f"{IGNORE}\nx = 1\ny = 2", 3),
        (f"x = f(\n  1,  {IGNORE}\n  2)", 3),
        (f"x = f(\n  {IGNORE}\n  1,\n  2)", 4),
        (f"x = '{IGNORE}'", 1),
        ("x = 1  # nnlint: ignore[HL]", 1),
        ("x = 1  # nnlint: igore[IN101]", 1),
        ("x = 1  # nnlint ignore", 1),
    ],
)
def test_comment_silences_nothing_out_of_its_reach(source: str, line: int) -> None:
    assert silenced(source, finding(line)).kept == (finding(line),)


def test_used_selector_is_not_unused() -> None:
    assert judged(f"x = 1  {IGNORE}", finding(1)).unused == ()


def test_unused_selector_is_named_and_stands_at_its_comment() -> None:
    comment = judged("x = 1  # nnlint: ignore[IN101, IN102] why")
    assert comment.unused == ("IN101", "IN102")
    assert comment.place == Place("model.py", 1, 8, 1, 38)


def test_unknown_selector_is_not_judged_unused() -> None:
    comment = judged("x = 1  # nnlint: ignore[XX999]")
    assert (comment.unused, comment.unknown) == ((), ("XX999",))


def test_selector_of_a_check_that_did_not_run_is_not_judged() -> None:
    Path("model.py").write_text(f"x = 1  {IGNORE}")
    checks = [c for c in all_checks() if c.code != "IN101"]
    (comment,) = apply([], checks, [Program("model.py", 1)], Settings()).comments
    assert comment.unused == ()


def test_misspelt_directive_is_kept_for_the_check() -> None:
    comment = judged("x = 1  # nnlint: ignore_file[IN101]")
    assert (comment.directive, comment.unused) == ("ignore_file", ())


def test_comment_without_a_code_does_not_silence_that_it_has_none() -> None:
    about = Finding(Place("model.py", 1, 8, 1, 24), "blanket", code="IN104", name="invalid-suppression")
    assert silenced("x = 1  # nnlint: ignore").silence([about]) == [about]


def test_prose_is_no_comment_to_nnlint() -> None:
    assert silenced("# nnlint: the linter that we use\nx = 1").comments == ()


def test_findings_about_comments_can_be_silenced_for_the_file() -> None:
    suppressing = silenced("# nnlint: ignore-file[IN103] generated\nx = 1\n")
    about = Finding(Place("model.py", 2, 1, 2, 5), "unused", code="IN103", name="unused-suppression")
    assert suppressing.silence([about]) == []


def test_comment_in_a_notebook_reaches_its_cell_only(folder: Path) -> None:
    cells = [["%matplotlib inline\n", "!echo '''\n", "x = 1\n", f"y = 2  {IGNORE}"], ["x = 1\n"] * 4]
    notebook = {"cells": [{"cell_type": "code", "source": c} for c in cells]}
    Path("a.ipynb").write_text(json.dumps(notebook))
    inside, outside = finding(4, path="a.ipynb", cell=1), finding(4, path="a.ipynb", cell=2)
    assert apply([inside, outside], all_checks(), [], Settings()).kept == (outside,)


def test_per_file_ignores_silence_by_path_name_or_folder() -> None:
    for pattern in ("model.py", "*.py", "sub/*", "sub/", "sub", "**/model.py"):
        settings = Settings(per_file_ignores={pattern: ("IN101",)})
        assert apply([finding(0, path="sub/model.py")], all_checks(), [], settings).kept == ()
    settings = Settings(per_file_ignores={"other/*": ("IN101",)})
    assert len(apply([finding(0, path="sub/model.py")], all_checks(), [], settings).kept) == 1


@pytest.mark.parametrize(("paths", "unused"), [(["."], [("IN101",)]), (["model.py"], [])])
def test_entries_are_judged_only_when_all_is_linted(paths: list[str], unused: list[tuple[str, ...]]) -> None:
    settings = Settings(per_file_ignores={"a.py": ("IN101",)}, source="pyproject.toml")
    comments = apply([], all_checks(), [], settings, paths).comments
    assert [c.unused for c in comments] == unused


@pytest.mark.parametrize("content", [b"# nnlint: ignore[A1]\n'''", b"\xff# nnlint: ignore[A1]", b"{nnlint:"])
def test_unreadable_source_is_no_error(content: bytes, folder: Path) -> None:
    for name in ("bad.py", "bad.ipynb"):
        (folder / name).write_bytes(content)
        assert len(comments_of(name)) <= 1


NETWORK = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(10, 1)

    def forward(self, x):
        return self.fc(x).relu()  # nnlint: ignore[HL105] counts
"""
TRAINING = """\
import torch
{imported}

def main(loader):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    for x, y in loader:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    "imported", ["from net import Net", "from .net import Net", "import net", "from . import (\n    net,\n)"]
)
def test_comment_is_not_unused_where_the_program_that_uses_the_model_is_not_read(
    imported: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.py").write_text(NETWORK)
    (folder / "train.py").write_text(TRAINING.format(imported=imported))
    assert main(["net.py", "--fail-on", "warning"]) == 0
    capsys.readouterr()
    (folder / "train.py").write_text("import torch\n\nnet = torch.nn.Linear(2, 2)\n")
    assert main(["net.py", "--fail-on", "warning"]) == 1
    assert "ignore[HL105] silences nothing" in capsys.readouterr().out


def test_comment_is_used_where_a_finer_check_takes_the_finding_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = NETWORK.replace("HL105]", "HL105, XC101]")
    (folder / "net.py").write_text(both)
    (folder / "train.py").write_text(TRAINING.format(imported="from net import Net"))
    assert main(["net.py", "train.py", "--fail-on", "warning"]) == 0
    found = finding(9, path="net.py")
    over = Finding(found.place, "finer", code="IN102", name="unsafe-file", level=Level.ERROR)
    (folder / "net.py").write_text(both.replace("HL105, XC101", "IN101, IN102"))
    (comment,) = apply([over], all_checks(), [Program("net.py", 9)], Settings(), spoken_for=[found]).comments
    assert comment.unused == ()


def test_file_that_nobody_else_imports_is_judged_alone(folder: Path) -> None:
    (folder / "train.py").write_text("import network\nfrom a import b  # net\n")
    (folder / "net.py").write_text("")
    assert not Elsewhere(["net.py"]).imports("net.py")
    (folder / "sub").mkdir()
    (folder / "sub" / "a.ipynb").write_text('{"cells": [{"source": ["import net\\n"]}]}')
    assert not Elsewhere(["."]).imports("net.py")
    assert not Elsewhere(["sub", "net.py"]).imports("net.py")
    assert Elsewhere(["net.py"]).imports("net.py")


def test_users_of_a_file_are_looked_for_in_its_project_and_around_it(folder: Path) -> None:
    for name in ("a/models/net.py", "a/train.py", "b/train.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("import net\n")
    alone = ["a/models/net.py"]
    assert not Elsewhere(alone).imports("a/models/net.py")
    (folder / "a" / "train.py").write_text("from models.net import Net\n")
    assert Elsewhere(alone).imports("a/models/net.py")
    assert not Elsewhere(["a"]).imports("a/models/net.py")
    (folder / ".git").mkdir()
    assert Elsewhere(["a"]).imports("a/models/net.py")
