"""Progress is shown on a terminal, and only when the work takes more than a moment."""

from __future__ import annotations

import io
import sys

import pytest

from nnlint import progress
from nnlint.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("patience", "stream", "shown"),
    [(0.0, Terminal(), True), (60.0, Terminal(), False), (0.0, io.StringIO(), False)],
)
def test_step_is_shown_only_when_it_is_of_use(
    patience: float, stream: io.StringIO, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress() as step:
        step("data/[train].csv")
    assert ("data/[train].csv" in stream.getvalue()) == shown
