"""Whatever nnlint opens or asks for on the disk while it lints is a question that is noted."""

# ruff: noqa: PTH100, PTH120, PTH123 - paths as the functions of os are given them
from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nnlint import engine, looks
from nnlint.config import Settings
from nnlint.looks import BELOW, CONTENT, KIND, LINK, NAMES, STATE

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDERS = sorted(folder for folder in FIXTURES.iterdir() if folder.is_dir())
EXISTENCE = {"stat": {CONTENT, STATE, KIND, LINK}, "listdir": {NAMES, BELOW}, "scandir": {NAMES, BELOW}}

opened: set[str] = set()
listening = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if listening and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        opened.add(_absolute(arguments[0]))


sys.addaudithook(_hear)


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


@contextmanager
def heard(patch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """What is asked of the disk inside, by function: below the fixtures, past ``nnlint.looks``."""
    global listening
    asked: dict[str, set[str]] = {name: set() for name in EXISTENCE}

    def listened(name: str) -> Any:
        original = getattr(os, name)

        def listening_in(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if not isinstance(path, int):
                asked[name].add(_absolute(path))
            return original(path, *arguments, **options)

        return listening_in

    with patch.context() as inner:
        for name in EXISTENCE:
            inner.setattr(os, name, listened(name))
        opened.clear()
        listening = True
        try:
            yield asked
        finally:
            listening = False


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_look_at_the_disk_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with looks.recording() as seen, heard(monkeypatch) as asked:
        engine.run([str(folder)], Settings(select=("ALL",)))
    noted = {(kind, _absolute(path)) for kind, path in seen.answers}
    known = {path for kind, path in noted if kind in (CONTENT, STATE)}
    assert {path for path in opened if path.startswith(str(FIXTURES))} - known == set()
    listed = {path for kind, path in noted if kind in (NAMES, BELOW)}
    for name, kinds in EXISTENCE.items():
        answered = {path for kind, path in noted if kind in kinds}
        below = {path for path in asked[name] if path.startswith(str(FIXTURES))}
        assert {path for path in below - answered if os.path.dirname(path) not in listed} == set()


def test_a_look_past_the_notes_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("")
    with heard(monkeypatch) as asked, builtins.open(tmp_path / "a.txt") as file:
        file.read()
        (tmp_path / "b.txt").exists()
    assert str(tmp_path / "a.txt") in opened
    assert str(tmp_path / "b.txt") in asked["stat"]
