"""What the terminal can do and the user wants: colour, links, width."""

from __future__ import annotations

import os
import sys
from typing import TextIO

LINKING = {
    "TERM_PROGRAM": ("iTerm.app", "WezTerm", "ghostty", "Hyper", "Tabby", "rio", "mintty"),
    "TERM": ("xterm-kitty", "alacritty", "foot", "foot-extra", "xterm-ghostty", "wezterm", "contour"),
}
"""Terminals that show links (OSC 8), by the variable that names them. That of VS Code is left out: it finds
``path:line:column`` by itself, and a link would hide the line from it.
"""
LINKING_BY_PRESENCE = ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM")
"""Variables that only such terminals set."""
VTE = 5000
"""The version (0.50) from which GNOME's terminals show links."""


def colored(choice: str, stream: TextIO | None) -> bool:
    """Whether to colour what goes to ``stream``: ``--color``, else NO_COLOR, FORCE_COLOR, else a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") != "0":
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def columns(otherwise: int) -> int:
    """How wide the terminal is, ``otherwise`` where it does not tell.

    As ``shutil.get_terminal_size``, which comes with all kinds of archives.
    """
    wish = os.environ.get("COLUMNS", "")
    if wish.isdecimal() and int(wish):
        return int(wish)
    if sys.__stdout__ is None:
        return otherwise
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or otherwise
    except (ValueError, OSError):  # closed, or no terminal
        return otherwise


def linked(choice: str, stream: TextIO | None) -> bool:
    """Whether to put links into what goes to ``stream``: where it is coloured, on a terminal known for them.

    FORCE_HYPERLINK says so for others, or denies it.
    """
    if stream is None or not stream.isatty() or not colored(choice, stream):
        return False
    wish, vte = os.environ.get("FORCE_HYPERLINK", ""), os.environ.get("VTE_VERSION", "")
    if wish:
        return wish != "0"
    if os.environ.get("TERM_PROGRAM") in ("vscode", "tmux", "screen") or os.environ.get("TMUX"):
        return False
    named = any(os.environ.get(variable) in names for variable, names in LINKING.items())
    return named or any(map(os.environ.get, LINKING_BY_PRESENCE)) or (vte.isdecimal() and int(vte) >= VTE)
