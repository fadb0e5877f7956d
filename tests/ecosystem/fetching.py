"""Pinned packages from the package index into a cache outside the repository. Nothing of them is run or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "packages.txt"
CACHE = "NNLINT_ECOSYSTEM_CACHE"
SKIPPED_SUFFIXES = (".so", ".dll", ".dylib", ".pyd", ".a")
"""Compiled parts, which are most of what some wheels weigh and nothing that is read."""


@dataclass(frozen=True, order=True)
class Package:
    """A package as it is pinned. ``kind``: ``wheel`` or ``sdist``."""

    name: str
    version: str
    kind: str = "wheel"

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def packages(text: str) -> Iterator[Package]:
    """What a list pins, a package a line; ``#`` begins a comment. Raises ValueError for another line."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        name, _, version = words[0].partition("==")
        kind = words[1] if len(words) == 2 else "wheel"
        if not version or len(words) > 2 or kind not in ("wheel", "sdist"):
            raise ValueError(f"not `name==version [wheel|sdist]`: {line}")
        yield Package(name, version, kind)


def cache() -> Path:
    """Where packages are kept: ``NNLINT_ECOSYSTEM_CACHE``, else a folder of the user's cache."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache" / "nnlint-ecosystem")


def sources(package: Package) -> Path:
    """The folder with the unpacked package; fetched when it is not there. Raises OSError."""
    folder = cache() / "sources" / f"{package.name}-{package.version}-{package.kind}"
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _unpack(_archive(package), partial)
        partial.rename(folder)
    return folder


def _archive(package: Package) -> Path:
    """The distribution file, downloaded when it is not there."""
    folder = cache() / "archives" / package.kind
    folder.mkdir(parents=True, exist_ok=True)
    there = _file_of(package, folder)
    if there is None:
        subprocess.run(
            [*_pip(package), "--dest", str(folder), str(package)], check=False, capture_output=True
        )
        there = _file_of(package, folder)
    if there is None:
        raise FileNotFoundError(f"{package}: pip could not download a {package.kind}")
    return there


def _pip(package: Package) -> list[str]:
    """Any interpreter's wheel will do: it is only read."""
    only = ["--only-binary=:all:"] if package.kind == "wheel" else ["--no-binary=:all:"]
    return [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python", *only]


def _file_of(package: Package, folder: Path) -> Path | None:
    wanted = f"{_plain(package.name)}-{package.version}"
    names = sorted(
        p for p in folder.iterdir() if _plain(p.name).startswith(f"{wanted}-") or _is_sdist(p, wanted)
    )
    return names[0] if names else None


def _is_sdist(path: Path, wanted: str) -> bool:
    return _plain(path.name) in (f"{wanted}.tar.gz", f"{wanted}.zip")


def _plain(name: str) -> str:
    """Names of projects and of their files differ by case and separators."""
    head, dash, rest = name.replace("_", "-").lower().rpartition("-")
    return f"{head}{dash}{rest}".replace("_", "-")


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    if archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        return
    with zipfile.ZipFile(archive) as wheel:
        members = [m for m in wheel.namelist() if not m.endswith(SKIPPED_SUFFIXES)]
        wheel.extractall(folder, members)
