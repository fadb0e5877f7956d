"""Checks of other packages: found through the entry point, and never in the way of the built-in ones."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from examples import cases, found, lint, marks
from nnlint import check
from nnlint.cli import main

Capture = pytest.CaptureFixture[str]

GOOD = '''
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.files import Unreadable
from nnlint.finding import Finding


@check("AC101", level=WARNING, over=("IN101",))
def house_rule(file: Unreadable, *, limit: int = 3, ratio: float = 0.5) -> Iterator[Finding]:
    """A rule of the house."""
    yield Finding(file.place, f"limit {limit}, ratio {ratio}")
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package of checks with a good module; a test adds others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / f"acme_{tmp_path.name}"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "house_rule.py").write_text(GOOD)
    (tmp_path / "empty").mkdir()
    ours = check.entry_points(group=check.ENTRY_POINTS)
    points = (*ours, EntryPoint("acme", folder.name, check.ENTRY_POINTS))
    monkeypatch.setattr(check, "entry_points", lambda group: points)
    check._loaded.cache_clear()
    yield folder
    check._loaded.cache_clear()


def test_check_of_a_plugin_runs_and_speaks_over_the_general_one(package: Path, capsys: Capture) -> None:
    assert main(["empty"]) == 0
    printed = capsys.readouterr().out
    assert "warning[AC101] house-rule" in printed
    assert "IN101" not in printed


def test_its_options_come_from_the_configuration(package: Path, capsys: Capture) -> None:
    Path("nnlint.toml").write_text("[checks.house-rule]\nlimit = 7\nratio = 1\n")
    main(["empty"])
    assert "limit 7, ratio 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("lmit = 7", "unknown option lmit; did you mean limit?"),
        ('limit = "7"', "limit must be a int, not '7'"),
        ("limit = true", "limit must be a int, not True"),
    ],
)
def test_wrong_option_is_a_usage_error(toml: str, message: str, package: Path, capsys: Capture) -> None:
    Path("nnlint.toml").write_text(f"[checks.AC101]\n{toml}\n")
    assert main(["empty"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        (GOOD.replace("AC101", "IN102"), "another check is called IN102"),
        (GOOD.replace("AC101", "AC102").replace("Unreadable,", "Absent,"), "NameError"),
    ],
)
def test_broken_module_hides_no_finding(module: str, message: str, package: Path, capsys: Capture) -> None:
    (package / "broken.py").write_text(module)
    assert main(["empty"]) == 2
    printed = capsys.readouterr()
    assert "IN101" in printed.out or "AC101" in printed.out
    assert message in printed.err


def test_scaffold_passes_its_examples_at_once(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["dev", "new", "AC201", "some-defect", "--into", str(package)]) == 0
    check._loaded.cache_clear()
    made = [case for case in cases() if case.check.code == "AC201"]
    assert [case.section for case in made] == ["fires", "silent"]
    for case in made:
        folder = package.parent / str(case)
        folder.mkdir()
        monkeypatch.chdir(folder)
        result = lint(case, folder)
        mine = {mark for mark in found(result, marks(case.example)) if mark.code == "AC201"}
        assert mine == set(marks(case.example))
