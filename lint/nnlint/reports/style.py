"""Text that is safe to print: control characters made visible, widths counted, colour where it is wanted."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from nnlint.evidence.place import Place
from nnlint.finding import Level

CODES = {"red": "31", "yellow": "33", "cyan": "36", "blue": "34", "green": "32", "bold": "1", "dim": "2"}
COLORS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.HINT: "cyan"}
TAB = 4


def paint(text: str, *styles: str, color: bool = True) -> str:
    """``text`` in ANSI colours."""
    if not (color and text and styles):
        return text
    return f"\x1b[{';'.join(CODES[s] for s in styles)}m{text}\x1b[0m"


def link(text: str, address: str | None) -> str:
    """``text`` as a link of the terminal (OSC 8), as it is without an address."""
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\" if address else text


def address(path: str) -> str | None:
    """The address of a file; None for what is none, such as a table of a data base."""
    return None if "://" in path else Path(path).absolute().as_uri()


def visible(text: str) -> str:
    """``text`` with tabs as spaces; what would move the cursor or change direction is shown as �."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal, after ``visible``."""
    return len(text) if text.isascii() else sum(map(_width, text))


def relative(path: str) -> str:
    """The path from the working directory when it lies below it, with forward slashes."""
    if "://" in path:  # the address of a table in a data base
        return path
    absolute, here = Path(path).absolute(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else Path(path)).as_posix()


def shown(path: str) -> str:
    """The relative path, safe to print."""
    return visible(relative(path))


def where(place: Place) -> str:
    """``path:cell 2:1:8`` or ``path: column 'age'``: the place as people and editors read it."""
    text = shown(place.path)
    if place.cell:
        text += f":cell {place.cell}"
    if place.line:
        text += f":{place.line}:{place.column}" if place.column else f":{place.line}"
    return f"{text}: {visible(place.part)}" if place.part else text


def count(number: int, thing: str, things: str = "") -> str:
    """``1 error``, ``2 errors``, ``20 640 rows``."""
    return f"{grouped(number)} {thing if number == 1 else things or thing + 's'}"


def grouped(number: int) -> str:
    """``9999``, ``20 640``: thousands set apart from five digits on."""
    return f"{number:,}".replace(",", " ") if abs(number) >= 10_000 else str(number)


def _visible(character: str) -> str:
    if character == "\t":
        return " " * TAB
    category = unicodedata.category(character)
    return "�" if category in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn") else character


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
