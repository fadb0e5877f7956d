"""Which checks run, and which files are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.check import Check, Checks, all_checks
from nnlint.config import Settings
from nnlint.discover import inputs_of
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.selection import UnknownSelector, selected


def nothing(file: Unreadable) -> Iterator[Finding]:
    yield from ()


CHECKS = [
    Check("AB101", "first", Level.ERROR, None, (), nothing),
    Check("AB102", "second", Level.WARNING, None, (), nothing),
    Check("AB201", "third", Level.HINT, None, (), nothing),
]


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        (Settings(), ["AB101", "AB102"]),
        (Settings(extend_select=("AB2",)), ["AB101", "AB102", "AB201"]),
        (Settings(select=("third",)), ["AB201"]),
        (Settings(select=("ALL",)), ["AB101", "AB102", "AB201"]),
        (Settings(select=("ab10",)), ["AB101", "AB102"]),
        (Settings(ignore=("first",)), ["AB102"]),
        (Settings(ignore=("AB1",), extend_select=("AB102",)), ["AB102"]),
        (Settings(select=("AB",), ignore=("AB101", "AB2")), ["AB102"]),
        (Settings(select=("first",), ignore=("AB101",)), ["AB101"]),
        (Settings(ignore=("ALL",), extend_select=("AB2",)), ["AB201"]),
    ],
)
def test_the_more_specific_selector_wins(settings: Settings, codes: list[str]) -> None:
    assert [c.code for c in selected(CHECKS, settings)] == codes


@pytest.mark.parametrize("selector", ["AB3", "firs", "", "A B"])
def test_selector_without_a_check_is_refused(selector: str) -> None:
    with pytest.raises(UnknownSelector):
        selected(CHECKS, Settings(select=(selector,)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.py", "a/c.py", "a/notes.txt", ".venv/lib/d.py", "a/__pycache__/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_folders_of_tools_are_read_only_when_named(folder: Path) -> None:
    assert list(map(str, inputs_of(["."], Settings()).files)) == ["b.py", "a/c.py"]
    assert list(map(str, inputs_of([".venv"], Settings()).files)) == [".venv/lib/d.py"]


def test_file_reached_twice_is_read_once_by_its_first_name(folder: Path) -> None:
    (folder / "link.py").symlink_to("b.py")
    assert list(map(str, inputs_of(["b.py", ".", "link.py"], Settings()).files)) == ["b.py", "a/c.py"]


def only(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    """Let the engine know these checks and no others."""
    monkeypatch.setattr(engine, "all_checks", lambda: checks)
    monkeypatch.setattr(engine, "checks_for", lambda evidence: Checks(checks, ()))


def test_findings_of_one_place_are_given_worst_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def speak(level: Level, code: str) -> Check:
        def function(file: Unreadable) -> Iterator[Finding]:
            yield Finding(Place("x", 1), code)

        function.__annotations__["file"] = Unreadable
        return Check(code, code.lower(), level, None, (), function)

    checks = (speak(Level.WARNING, "AB1"), speak(Level.ERROR, "AB2"), speak(Level.HINT, "AB3"))
    (folder / "empty").mkdir()
    only(monkeypatch, *checks)
    found = engine.run(["empty"], Settings(select=("ALL",))).findings
    assert [f.code for f in found] == ["AB2", "AB1", "AB3"]


def test_hints_of_a_check_that_runs_by_default_are_given_when_it_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speak(file: Unreadable) -> Iterator[Finding]:
        yield Finding(Place("x", 1), "advice", level=Level.HINT)

    speak.__annotations__["file"] = Unreadable
    only(monkeypatch, Check("AB1", "ab1", Level.ERROR, None, (), speak))
    (folder / "empty").mkdir()
    assert engine.run(["empty"], Settings()).findings == ()
    assert [f.code for f in engine.run(["empty"], Settings(extend_select=("AB1",))).findings] == ["AB1"]


def test_entry_of_the_configuration_is_judged_when_its_folder_is_linted(folder: Path) -> None:
    (folder / "nnlint.toml").write_text("")
    settings = Settings(per_file_ignores={"gone.py": ("IN101",)}, source=str(folder / "nnlint.toml"))
    assert [f.code for f in engine.run(["."], settings).findings] == ["IN103"]
    assert engine.run(["a"], settings).findings == ()


def test_a_name_that_checks_share_selects_them_all() -> None:
    chosen = selected(all_checks(), Settings(select=("softmax-over-one-output",)))
    assert [check.code for check in chosen] == ["HL109", "OX102"]
