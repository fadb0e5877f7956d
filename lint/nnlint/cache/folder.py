"""The folder of the cache: where it is, its entries written in one step, its size bounded."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

ENDING = ".nnlint.json"
"""How the names of entries end; nothing else in the folder is ever read or removed."""

MOST_BYTES = 200_000_000
"""What all entries may take together; those that were not used for longest go first."""

LARGEST = 50_000_000
"""Bytes; a larger entry is not kept."""

WHO = "# Written by nnlint; `nnlint clean` removes it.\n"
MARKS = {
    "CACHEDIR.TAG": f"Signature: 8a477f597d28d172789f06886806bc55\n{WHO}",
    ".gitignore": f"{WHO}*\n",
}
"""Files that tell tools for backups, and git, that this is a cache. Source: bford.info/cachedir."""


def usual() -> Path:
    """The folder that the platform has for caches.

    Source: XDG Base Directory Specification; Apple's and Microsoft's guides for caches of applications.
    """
    home = _home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "nnlint" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "nnlint"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else home / ".cache") / "nnlint"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without one, in a container: nothing can be kept below this
        return Path(os.devnull)


def load(folder: Path, key: str) -> Any:
    """What an entry holds, None when there is none that can be read."""
    file = folder / (key + ENDING)
    try:
        if file.stat().st_size > LARGEST:
            return None
        found = json.loads(file.read_bytes())
        with suppress(OSError):  # a cache that others fill
            os.utime(file)
    except (OSError, ValueError, RecursionError):
        return None
    return found


def save(folder: Path, key: str, content: object) -> None:
    """Write an entry; where that cannot be done there is none, and nobody is told: the work is done."""
    data = json.dumps(content, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        return
    with suppress(OSError):
        prepare(folder)
        _write(folder / (key + ENDING), data)
        _bound(folder)


def prepare(folder: Path) -> None:
    """Make the folder, marked as a cache for backups and for git. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in MARKS.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")


def _write(file: Path, data: bytes) -> None:
    """In one step: other runs see the old entry or the new one."""
    import tempfile  # with all kinds of archives behind it

    descriptor, temporary = tempfile.mkstemp(suffix=f".tmp{ENDING}", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _bound(folder: Path) -> None:
    """Remove the entries that were not used for longest, as long as all together take too much."""
    entries = sorted(((state.st_mtime, state.st_size, file) for file, state in _entries(folder)))
    size = sum(size for _, size, _ in entries)
    for _, taken, file in entries:
        if size <= MOST_BYTES:
            return
        with suppress(OSError):
            file.unlink()
        size -= taken


def _entries(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    with suppress(OSError):
        for file in folder.iterdir():
            if file.name.endswith(ENDING):
                with suppress(OSError):
                    found.append((file, file.lstat()))
    return found


def clear(folder: Path) -> tuple[int, int]:
    """Remove all entries, and the folder if nothing else is in it: their number and bytes. Raises OSError."""
    entries = _entries(folder)
    for file, _ in entries:
        file.unlink(missing_ok=True)
    with suppress(OSError):
        for name, text in MARKS.items():
            if (folder / name).read_text(encoding="utf-8") == text:
                (folder / name).unlink()
        folder.rmdir()
    return len(entries), sum(state.st_size for _, state in entries)
