"""Which terminals get links."""

from __future__ import annotations

import io
import os

import pytest

from nnlint.terminal import linked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("choice", "environment", "expected"),
    [
        ("auto", {"TERM": "xterm-kitty"}, True),
        ("auto", {"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ("auto", {"TERM": "xterm-256color", "VTE_VERSION": "4200"}, False),
        ("auto", {"TERM_PROGRAM": "iTerm.app"}, True),
        ("auto", {"WT_SESSION": "1"}, True),
        ("auto", {"TERM": "xterm"}, False),
        ("auto", {"TERM_PROGRAM": "vscode", "VTE_VERSION": "7600"}, False),
        ("auto", {"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, False),
        ("auto", {"TERM": "xterm-kitty", "NO_COLOR": "1"}, False),
        ("never", {"TERM": "xterm-kitty"}, False),
        ("auto", {"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, False),
        ("auto", {"TERM": "xterm", "FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_links_are_for_terminals_known_to_show_them(
    choice: str, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert linked(choice, Terminal()) is expected
    assert not linked("always", io.StringIO())
