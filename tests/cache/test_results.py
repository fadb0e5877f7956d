"""What is taken from the cache is what a new run would give, and nothing of it is trusted."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from nnlint.cache import folder, runs
from nnlint.cli import main
from nnlint.readers import source
from nnlint.reports import REPORTS

FIXTURES = Path(__file__).parents[2] / "fixtures"

NET = """\
import torch
from torch import nn
from helpers import head


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = head()

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))
"""
FITS, DOES_NOT = (f"from torch import nn\n\ndef head():\n    return nn.Linear({n}, 2)\n" for n in (8, 9))
OTHER = "import torch\nfrom torch import nn\n\nmodel = nn.Sequential(nn.Linear(4, 2))\n"

Capture = pytest.CaptureFixture[str]
Lint = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network whose helper lies outside of the linted folder, and a program of its own."""
    for name, text in {"src/net.py": NET, "src/other.py": OTHER, "src/helpers.py": FITS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(runs, "BEGAN", time.time_ns())  # as if every part of nnlint were older
    monkeypatch.setenv("NNLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lint(capsys: Capture) -> Lint:
    def run(*arguments: str) -> str:
        capsys.readouterr()
        main([*arguments, "--output-format", "json"])
        return capsys.readouterr().out

    return run


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the source files that are read, not taken over."""
    names: list[str] = []
    original = source._read

    def listened(interpreter: object, path: Path, named: bool) -> list[object]:
        names.append(path.name)
        return original(interpreter, path, named)  # type: ignore[arg-type]

    monkeypatch.setattr(source, "_read", listened)
    return names


def codes(printed: str) -> list[str]:
    return [finding["code"] for finding in json.loads(printed)["findings"]]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_the_same_from_the_cache(name: str, project: Path, capsys: Capture) -> None:
    (project / "src/helpers.py").write_text(DOES_NOT)
    paths = ["src", str(FIXTURES / "wine_broken"), str(FIXTURES / "hostile" / "side_effect")]
    printed = []
    for more in (["--no-cache"], [], []):
        main([*paths, "--select", "ALL", "--output-format", name, *more])
        printed.append(capsys.readouterr().out)
    assert printed[1:] == [printed[0]] * 2


def test_second_run_reads_nothing(project: Path, lint: Lint, read: list[str]) -> None:
    first = lint("src")
    assert read == ["helpers.py", "net.py", "other.py"]
    read.clear()
    assert lint("src") == first
    assert read == []


def test_only_what_an_edit_can_matter_to_is_read_again(project: Path, lint: Lint, read: list[str]) -> None:
    assert codes(lint("src")) == []
    read.clear()
    (project / "src/helpers.py").write_text(DOES_NOT)
    assert codes(lint("src")) == ["AR601"]
    assert read == ["helpers.py", "net.py"]


def test_an_edit_outside_of_the_linted_paths_counts(project: Path, lint: Lint) -> None:
    assert codes(lint("src/net.py")) == []
    (project / "src/helpers.py").write_text(DOES_NOT)
    assert codes(lint("src/net.py")) == ["AR601"]


def test_a_file_that_was_looked_for_in_vain_counts_once_it_is_there(project: Path, lint: Lint) -> None:
    (project / "src/helpers.py").unlink()
    assert codes(lint("src/net.py")) == []
    (project / "src/helpers.py").write_text(DOES_NOT)
    assert codes(lint("src/net.py")) == ["AR601"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nnlint.toml", 'ignore = ["AR601"]\n'),
        (".gitignore", "net.py\n"),
        ("src/net.py", NET.replace("self.head = head()", "self.head = head()  # nnlint: ignore[AR601]")),
        ("src/net.py", ""),
    ],
)
def test_what_silences_a_finding_counts(file: str, text: str, project: Path, lint: Lint) -> None:
    (project / "src/helpers.py").write_text(DOES_NOT)
    assert "AR601" in codes(lint("src"))
    (project / file).write_text(text)
    assert lint("src") == lint("src", "--no-cache")


def test_data_that_changed_is_read_again(project: Path, lint: Lint) -> None:
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(400))
    (project / "a.csv").write_text(f"a,b,label\n{rows}")
    before = lint("a.csv", "--target", "label")
    (project / "a.csv").write_text(f"a,b,label\n{rows.replace(',1', ',0')}")
    assert lint("a.csv", "--target", "label") != before
    assert lint("a.csv", "--target", "label") == lint("a.csv", "--target", "label", "--no-cache")


def test_large_data_is_known_by_its_times(project: Path) -> None:
    data = project / "a.csv"
    data.write_bytes(b"0" * 100_000)
    os.utime(data, (0, 0))
    seen = runs.looks.ANSWERS["state"](str(data))
    data.write_bytes(b"1" * 100_000)
    assert not runs.looks.holds(("state", str(data)), seen)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"looks": 3}', b"\x80\x04K\x01.", b"[" * 9000]
)
def test_a_broken_entry_is_none(content: bytes, project: Path, lint: Lint) -> None:
    first = lint("src")
    entries = [*(project / "cache").glob(f"*{folder.ENDING}")]
    assert len(entries) == 2
    for entry in entries:
        entry.write_bytes(content)
    assert lint("src") == first


def test_entries_that_were_not_used_for_longest_go_first(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_BYTES", 250)
    place = project / "cache"
    for number, key in enumerate("abc"):
        folder.save(place, key, "x" * 100)
        os.utime(place / f"{key}{folder.ENDING}", (number, number))
    folder.save(place, "d", "x" * 100)
    assert sorted(p.name[0] for p in place.glob(f"*{folder.ENDING}")) == ["c", "d"]


def test_clean_removes_entries_and_nothing_else(project: Path, lint: Lint, capsys: Capture) -> None:
    lint("src")
    (project / "cache/mine.json").write_text("{}")
    assert main(["clean"]) == 0
    assert "removed 2 results" in capsys.readouterr().out
    assert [p.name for p in (project / "cache").iterdir()] == ["mine.json"]


def test_configuration_of_a_stranger_does_not_say_where_results_are_kept(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "src/nnlint.toml").write_text('cache-dir = "here"\n')
    monkeypatch.delenv("NNLINT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "home"))
    lint("src")
    assert not (project / "src/here").exists()
    (project / "nnlint.toml").write_text('cache-dir = "here"\n')
    lint("src", "--config", "nnlint.toml")
    assert (project / "here").is_dir()


def test_fix_writes_what_the_cache_has_seen(project: Path, lint: Lint) -> None:
    text = "import torch\nfrom torch import nn\n\nx, y = torch.randn(8, 4), torch.zeros(8).long()\n"
    text += "net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))\n"
    (project / "src/net.py").write_text(text + "nn.CrossEntropyLoss()(net(x), y).backward()\n")
    assert codes(lint("src")) == ["HL101"]
    assert codes(lint("src")) == ["HL101"]
    main(["src", "--fix"])
    assert codes(lint("src")) == []


def test_a_user_without_a_home_lints_all_the_same(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("NNLINT_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert lint("src") == lint("src", "--no-cache")


def test_modules_that_make_up_their_attributes_do_no_harm(
    project: Path, lint: Lint, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Everything(ModuleType):
        __file__ = "made_up.py"  # torch.classes is such a module

        def __getattr__(self, name: str) -> object:
            return object()

    monkeypatch.setitem(sys.modules, "made_up", Everything("made_up"))
    assert lint("src") == lint("src")


def test_a_cache_within_the_project_is_not_linted(project: Path, lint: Lint, read: list[str]) -> None:
    first = lint(".", "--cache-dir", "kept", "--no-respect-gitignore")
    read.clear()
    assert lint(".", "--cache-dir", "kept", "--no-respect-gitignore") == first
    assert read == []
