"""What the terminal can do and the user wants: colour."""

from __future__ import annotations

import os
from typing import TextIO


def colored(choice: str, stream: TextIO | None) -> bool:
    """Whether to colour what goes to ``stream``: ``--color``, else NO_COLOR, FORCE_COLOR, else a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") != "0":
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
