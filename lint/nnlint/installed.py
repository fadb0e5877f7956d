"""Entry points of installed packages, by the one group that is asked for.

``importlib.metadata`` would do, and takes a tenth of the start of a run: it imports the parsers of e-mail.
It is asked where nothing is found, for packages that do not lie in folders.
Source: packaging.python.org, "Entry points specification".
"""
# ruff: noqa: PTH118, PTH123, PTH208 - hundreds of packages at each start, by the text of their paths

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import takewhile

ENDINGS = (".dist-info", ".egg-info")
FILE = "entry_points.txt"


def modules_of(group: str) -> tuple[str, ...]:
    """The modules that packages register under a group; of packages of one name the first one counts."""
    found: dict[str, list[str]] = {}
    for folder in dict.fromkeys(sys.path):
        for name, registered in _of(folder or os.curdir, group):
            found.setdefault(name, registered)
    modules = [module for registered in found.values() for module in registered]
    if not modules:
        from importlib.metadata import entry_points

        modules = [point.module for point in entry_points(group=group)]
    return tuple(dict.fromkeys(modules))


def _of(folder: str, group: str) -> Iterator[tuple[str, list[str]]]:
    """Packages in a folder of Python's path, each with the modules that it registers."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(ENDINGS))
    except OSError:
        return
    for name in names:
        yield name.partition("-")[0].lower(), _registered(os.path.join(folder, name, FILE), group)


def _registered(file: str, group: str) -> list[str]:
    try:
        with open(file, encoding="utf-8") as text:
            lines = [line.strip() for line in text]
    except (OSError, ValueError):
        return []
    heading = f"[{group}]"
    if heading not in lines:
        return []
    section = takewhile(lambda line: not line.startswith("["), lines[lines.index(heading) + 1 :])
    values = (line.partition("=")[2] for line in section if "=" in line and not line.startswith("#"))
    return [value.partition(":")[0].partition("[")[0].strip() for value in values]
