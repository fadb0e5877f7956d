"""Checks of other packages: found through the entry point, and never in the way of the built-in ones."""

from __future__ import annotations

from collections.abc import Iterator
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
    modules = (*check.modules_of(check.ENTRY_POINTS), folder.name)
    monkeypatch.setattr(check, "modules_of", lambda group: modules)
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


SILENT = "x = 1\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a check of its own, and a folder that it says something about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "house_rule.py").write_text(GOOD)
    (tmp_path / "empty").mkdir()
    (tmp_path / "nnlint.toml").write_text('plugins = ["rules/house_rule.py"]\n')
    return tmp_path


@pytest.mark.parametrize("plugin", ["rules/house_rule.py", "rules"])
def test_checks_of_a_path_run(plugin: str, project: Path, capsys: Capture) -> None:
    (project / "nnlint.toml").write_text(f'plugins = ["{plugin}"]\n[checks.house-rule]\nlimit = 5\n')
    assert main(["empty"]) == 0
    assert "warning[AC101] house-rule" in (printed := capsys.readouterr().out)
    assert "limit 5" in printed
    assert [p.name for p in (project / "rules").iterdir()] == ["house_rule.py"]


def test_modules_of_a_folder_import_each_other(project: Path, capsys: Capture) -> None:
    (project / "rules" / "__init__.py").write_text("")
    (project / "rules" / "limits.py").write_text("LIMIT = 42\n")
    text = GOOD.replace("limit: int = 3", "limit: int = LIMIT")
    (project / "rules" / "house_rule.py").write_text(f"from .limits import LIMIT\n{text}")
    (project / "nnlint.toml").write_text('plugins = ["rules"]\n')
    assert main(["empty"]) == 0
    assert "limit 42" in capsys.readouterr().out


def test_they_are_explained_and_listed_in_their_project_only(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert main(["explain", "house-rule"]) == 0
    assert main(["rules"]) == 0
    assert capsys.readouterr().out.count("A rule of the house.") == 2
    monkeypatch.chdir(project / "empty")
    (project / "nnlint.toml").unlink()
    assert main(["explain", "house-rule"]) == 2


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import nothing_of_the_kind\n", "house_rule.py:1: ModuleNotFoundError: No module named"),
        ("def f(:\n", "house_rule.py:1: SyntaxError: "),
        (SILENT, "rules/house_rule.py: no check in it"),
        (GOOD.replace("AC101", "IN102"), "another check is called IN102, too"),
        (GOOD.replace("Unreadable,", "Absent,"), "NameError: name 'Absent' is not defined"),
    ],
)
def test_plugin_that_cannot_be_used_is_a_usage_error(
    module: str, message: str, project: Path, capsys: Capture
) -> None:
    (project / "rules" / "house_rule.py").write_text(module)
    assert main(["empty"]) == 2
    assert message in capsys.readouterr().err


def test_plugin_that_is_not_there_is_a_usage_error(project: Path, capsys: Capture) -> None:
    assert main(["empty", "--config", 'plugins = ["rules/hous_rule.py"]']) == 2
    assert "plugins: rules/hous_rule.py: no such file or folder" in capsys.readouterr().err


def test_plugins_of_a_project_that_is_only_linted_are_not_run(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (project / "rules" / "house_rule.py").write_text(f"open({str(project / 'run')!r}, 'w').close()\n{GOOD}")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    linted, configuration = str(project / "empty"), str(project / "nnlint.toml")
    assert main([linted]) == 2
    assert f"say --config {configuration} if you trust it" in capsys.readouterr().err
    assert main([linted, "--isolated"]) == main([linted, "--config", "plugins = []"]) == 1
    Path("own.py").write_text(GOOD.replace("AC101", "AC102"))
    assert main([linted, "--config", 'plugins = ["own.py"]']) == 0
    assert not (project / "run").exists()
    assert main([linted, "--config", configuration]) == 0
    assert (project / "run").exists()
