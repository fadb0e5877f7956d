"""Writes tables into an empty folder and reads or lints them there."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path

import pytest

from nnlint.check import all_checks
from nnlint.config import Settings
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.finding import Finding
from nnlint.readers import Reading
from nnlint.readers.data import read


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reading(**settings: str) -> Reading:
    """Everything in the current folder, read."""
    files = sorted(p for p in Path().rglob("*") if p.is_file())
    return read(files, Settings(**settings), lambda _: None)  # type: ignore[arg-type]


def datasets(**settings: str) -> list[Dataset]:
    return [e for e in reading(**settings).evidence if isinstance(e, Dataset)]


def only(**settings: str) -> Dataset:
    """The one data set in the folder, without any complaint."""
    (found,) = reading(**settings).evidence
    assert isinstance(found, Dataset)
    return found


def problems() -> dict[str, Unreadable | Unsafe]:
    found = [e for e in reading().evidence if isinstance(e, Unreadable | Unsafe)]
    return {e.place.path: e for e in found}


def findings(code: str) -> list[Finding]:
    """What one check says about the folder."""
    check: Callable[..., object] = next(c.function for c in all_checks() if c.code == code)
    program = [p for p in signature(check).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    nothing = [None] * len(program)
    return [f for data in datasets() for f in check(data, *nothing)]  # type: ignore[attr-defined]
