"""Hydra's configuration: a file whose defaults list names others, each below the name of its folder.

Source: Hydra documentation, The Defaults List; Packages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.pattern import pattern
from nnlint.readers.source.libraries.paths import content
from nnlint.readers.source.libraries.stored_values import UNREAD, from_omega_raw, interpolated

DEEPEST = 8
"""Defaults lists of files that defaults lists name."""
_PACKAGE = pattern(r"(?m)^#\s*@package\s+(\S+)")


def compose(folder: Path, name: str) -> Any:
    """The whole configuration that ``config_name`` stands for; UNREAD where its file cannot be read."""
    data = _of(folder, _text(folder, name), DEEPEST)
    return data if data is UNREAD else interpolated(data, data)


def _text(folder: Path, name: str) -> str:
    """What stands in a file, "" where there is none."""
    path = folder / f"{name.removesuffix('.yaml')}.yaml"
    return (content(path) if looks.is_file(path) else None) or ""


def _of(folder: Path, text: str, depth: int) -> Any:
    """What a file of ``folder`` says with what its defaults list adds, at the root of its own package."""
    own = from_omega_raw(text) if depth else UNREAD
    if not isinstance(own, dict):
        return UNREAD
    defaults = own.pop("defaults", None) or []
    found: dict[Any, Any] = {}
    if not isinstance(defaults, list):
        return UNREAD
    for group, option, package in _entries([*defaults, *([] if "_self_" in defaults else ["_self_"])]):
        if option == "_self_":
            _merge(found, own)
        else:
            place = folder / group.lstrip("/")
            text = _text(place, option)
            stated = _PACKAGE.search(text)
            package = package or (stated[1] if stated else group.strip("/").replace("/", "."))
            data = _below(_of(place, text, depth - 1), package)
            if isinstance(data, dict):
                _merge(found, data)
    return found


def _entries(defaults: list[Any]) -> Iterator[tuple[str, str, str | None]]:
    """(group, option, package) of each entry; those about Hydra itself, and empty ones, left out."""
    for entry in defaults:
        if isinstance(entry, str):
            group, _, option = entry.rpartition("/")
            yield group, option, None
        elif isinstance(entry, dict) and len(entry) == 1:
            key, options = next(iter(entry.items()))
            key = str(key).removeprefix("override ").removeprefix("optional ").strip()
            group, _, package = key.partition("@")
            for option in options if isinstance(options, list) else [options]:
                if isinstance(option, str) and not group.startswith(("hydra", "/hydra")):
                    yield group, option, package or None


def _below(data: Any, package: str) -> Any:
    """What a file says, where its package puts it."""
    for key in reversed([] if package in ("", "_global_", "_here_") else package.split(".")):
        data = {key: data}
    return data


def _merge(into: dict[Any, Any], other: dict[Any, Any]) -> None:
    for key, value in other.items():
        known = into.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[key] = value
