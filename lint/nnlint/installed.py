"""Entry points of installed packages, by the one group that is asked for.

``importlib.metadata`` would do, and takes a tenth of the start of a run: it imports the parsers of e-mail.
It is asked where nothing is found, for packages that do not lie in folders.
Source: packaging.python.org, "Entry points specification".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

ENDINGS = (".dist-info", ".egg-info")
FILE = "entry_points.txt"


def modules_of(group: str) -> tuple[str, ...]:
    """The modules that packages register under a group; of packages of one name the first one counts."""
    found: dict[str, list[str]] = {}
    for folder in dict.fromkeys(sys.path):
        for name, registered in _of(Path(folder), group):
            found.setdefault(name, registered)
    modules = [module for registered in found.values() for module in registered]
    if not modules:
        from importlib.metadata import entry_points

        modules = [point.module for point in entry_points(group=group)]
    return tuple(dict.fromkeys(modules))


def _of(folder: Path, group: str) -> Iterator[tuple[str, list[str]]]:
    """Packages in a folder of Python's path, each with the modules that it registers."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name.endswith(ENDINGS))
    except OSError:
        return
    for name in names:
        yield name.partition("-")[0].lower(), _registered(folder / name / FILE, group)


def _registered(file: Path, group: str) -> list[str]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []
    heading = f"[{group}]"
    if heading not in lines:
        return []
    section = takewhile(lambda line: not line.startswith("["), lines[lines.index(heading) + 1 :])
    values = (line.partition("=")[2] for line in section if "=" in line and not line.startswith("#"))
    return [value.partition(":")[0].partition("[")[0].strip() for value in values]
