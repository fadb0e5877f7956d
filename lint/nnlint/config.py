"""Settings: what the command line and ``[tool.nnlint]`` say, as one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.meant import did_you_mean

FAIL_ON = ("error", "warning", "hint", "never")
OWN_FILE, SHARED_FILE = "nnlint.toml", "pyproject.toml"
NAME, OWN_TABLE = b"nnlint", b"tool.nnlint"
PARTS = ("column", "row", "node", "tensor", "input", "output", "graph")
"""What a place without a line may name, and an entry of ``suppressions`` may ask for."""


class UsageError(ValueError):
    """What the user asked for cannot be done; the message says what to change. Exit code 2."""


@dataclass(frozen=True)
class Silence:
    """An entry of ``suppressions``: findings of these checks, in files that a glob means.

    ``parts``: there only of the column, node... whose name a glob means. ``reason`` is for people.
    """

    checks: tuple[str, ...]
    file: str
    parts: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that changes what is read and which checks run. Selectors are codes, prefixes or names.

    ``source`` is the configuration file that was read, "" without one; patterns count from its folder.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target: str | None = None
    train: str | None = None
    test: str | None = None
    engine: str | None = None
    data: tuple[str, ...] = ()
    fail_on: str = "error"
    output_format: tuple[str, ...] = ("text",)
    baseline: str | None = None
    suppressions: tuple[Silence, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    jobs: int | None = None  # processes; 0: one a core, None: as many as pay
    cache: bool = True
    cache_dir: str | None = None
    source: str = ""
    named: frozenset[str] = frozenset()  # paths of the command line: what is named is read, whatever it holds
    overlay: Mapping[Path, bytes] = field(default_factory=dict)  # resolved source file -> read in its stead

    def covers(self, pattern: str, path: str | Path) -> bool:
        """Whether a glob of the configuration means this file: by its path, its name, or a folder above."""
        path = Path(path).absolute()
        root = Path(self.source).absolute().parent if self.source else Path.cwd()
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        candidates = (inside, *(p for p in inside.parents if p.name))
        return any(fnmatch(p.as_posix(), pattern.rstrip("/")) or fnmatch(p.name, pattern) for p in candidates)


def settings(options: Mapping[str, Any], file: Path | None, inline: Sequence[str] = ()) -> Settings:
    """The configuration file, then ``inline`` pieces of TOML, with the options of the command line on top.

    ``--select`` begins anew; ``--extend-select``, ``--ignore`` and ``--extend-exclude`` add to the file's.
    Raises UsageError for a file that is no TOML, an unknown key or a value of the wrong type.
    """
    values = load(file) if file else {}
    for text in inline:
        values |= _values(_inline(text), f"--config '{text}'", Path())
    if options.get("select"):
        values = {k: v for k, v in values.items() if k not in ("extend_select", "ignore")}
    for name in ADDED:
        if options.get(name) and values.get(name):
            options = {**options, name: (*values[name], *options[name])}
    given = {name: value for name, value in options.items() if value not in (None, ())}
    return Settings(**{**values, **given}, source=str(file) if file else "")


ADDED = ("extend_select", "ignore", "extend_exclude")
"""Options that add to the file's; all others replace what it says."""


def is_inline(text: str) -> bool:
    """Whether the value of ``--config`` is a piece of TOML rather than the name of a file."""
    return "=" in text and not exists(text)


def _inline(text: str) -> dict[str, Any]:
    import tomllib  # where there is a configuration

    try:
        return tomllib.loads(text)
    except ValueError as error:
        hint = "; strings need quotes: --config 'target = \"price\"'"
        raise UsageError(f"--config '{text}': no valid TOML: {error}{hint}") from None


def find(paths: Iterable[str]) -> Path | None:
    """The nearest configuration above the first path that has one, else above the working directory."""
    return next(nearest([*paths, "."]), None)


def nearest(paths: Iterable[str]) -> Iterator[Path]:
    """The configurations nearest to paths, each once; a run has but one, the first."""
    known: dict[Path, Path | None] = {}
    given: set[Path] = set()
    for path in paths:
        file = _above(Path(path).absolute(), known) if exists(path) else None
        if file is not None and file not in given:
            given.add(file)
            yield file


def _above(start: Path, known: dict[Path, Path | None]) -> Path | None:
    """The configuration in a folder or the nearest above it. ``known``: those that were looked for before."""
    passed: list[Path] = []
    file: Path | None = None
    for folder in (start, *start.parents):
        file = known[folder] if folder in known else _within(folder)
        passed.append(folder)
        if file is not None or folder in known:
            break
    known.update(dict.fromkeys(passed, file))
    return file


def _within(folder: Path) -> Path | None:
    if _is_file(folder / OWN_FILE):
        return folder / OWN_FILE
    shared = folder / SHARED_FILE
    return shared if _is_file(shared) and _table(shared) is not None else None


def _is_file(path: Path) -> bool:
    return looks.is_file(path)


def exists(path: str) -> bool:
    """Whether there is something at ``path``; what cannot even be asked for is not there."""
    return looks.exists(Path(path))


def load(file: Path) -> dict[str, Any]:
    """The fields of Settings that a configuration file sets."""
    return _values(_table(file) or {}, str(file), file.parent)


def _values(table: Mapping[str, Any], where: str, folder: Path) -> dict[str, Any]:
    """The fields that a table sets; paths in it count from ``folder``."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key {key}{did_you_mean(key, KEYS)}")
        try:
            values[key.replace("-", "_")] = KEYS[key](value)
        except TypeError as error:
            raise UsageError(f"{where}: {key} must be {error}") from None
    for name in values.keys() & PATHS:
        value = values[name]
        is_list = isinstance(value, tuple)
        values[name] = tuple(str(folder / p) for p in value) if is_list else str(folder / value)
    return values


def _table(file: Path) -> dict[str, Any] | None:
    try:
        data = looks.read(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    if file.name == SHARED_FILE and NAME not in data:
        return None
    import tomllib

    try:
        content = tomllib.loads(data.decode())
    except ValueError as error:
        if file.name == SHARED_FILE and OWN_TABLE not in data:
            return None  # not ours: whoever needs it will complain
        raise UsageError(f"{file}: no valid TOML: {error}") from None
    if file.name != SHARED_FILE:
        return content
    table = content.get("tool", {}).get("nnlint")
    return table if isinstance(table, dict) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise TypeError("a list of strings")
    return tuple(value)


def _one_or_more(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise TypeError("a string or a list of strings")
    return tuple(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _silences(value: object) -> tuple[Silence, ...]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise TypeError("a list of tables")
    return tuple(map(_silence, value))


def _silence(entry: Mapping[str, object]) -> Silence:
    known = ("checks", "file", "reason", *PARTS)
    for key in entry:
        if key not in known:
            raise TypeError(f"tables of {', '.join(known)}, not {key}{did_you_mean(key, known)}")
    for key in ("checks", "file"):
        if not entry.get(key):
            raise TypeError(f"tables with {key}")
    parts = tuple((part, _text(entry[part])) for part in PARTS if part in entry)
    checks = _one_or_more(entry["checks"])
    return Silence(checks, _text(entry["file"]), parts, _text(entry.get("reason", "")))


def _level(value: object) -> str:
    if value not in FAIL_ON:
        raise TypeError(f"one of {', '.join(FAIL_ON)}")
    return str(value)


def _table_of(kind: Callable[[object], Any]) -> Callable[[object], dict[str, Any]]:
    def convert(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise TypeError("a table")
        return {key: kind(item) for key, item in value.items()}

    return convert


def _anything(value: object) -> object:
    return value


PATHS = frozenset({"train", "test", "baseline", "plugins", "cache_dir"})
"""Fields whose values are paths."""

KEYS: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(("select", "extend-select", "ignore", "exclude", "extend-exclude"), _texts),
    **dict.fromkeys(("data", "plugins"), _texts),
    **dict.fromkeys(("target", "train", "test", "baseline", "cache-dir"), _text),
    **dict.fromkeys(("force-exclude", "respect-gitignore", "cache"), _switch),
    "output-format": _one_or_more,
    "fail-on": _level,
    "per-file-ignores": _table_of(_texts),
    "suppressions": _silences,
    "pairs": _table_of(_text),
    "checks": _table_of(_table_of(_anything)),
}
"""Keys of the configuration, with what makes a value of each. A converter raises TypeError("a ...")."""
