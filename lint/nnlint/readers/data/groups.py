"""Which tables belong together: splits of one data set, parts of one split, features and their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from pathlib import Path

import polars as pl

from nnlint.config import Settings
from nnlint.dataclass import dataclass
from nnlint.evidence.target import words
from nnlint.pattern import pattern
from nnlint.readers.data.tables import Table

ROLES = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
"""Words in file and folder names that name a split."""

PARTS = {
    **dict.fromkeys(("x", "features", "feature", "data", "inputs", "input", "images", "image"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target"), "y"),
}
"""Words that tell the features of a data set from what is to be predicted, when both are there."""

SHARD = pattern(
    r"^(?P<before>.*?)[-_]?((part|chunk|shard)[-_]?\d+.*|\d{2,}-of-\d{2,}(-[0-9a-f]+)?)$",
    re.IGNORECASE,
)
"""Names of the pieces of one table: ``part-00000-<uuid>``, ``train-00001-of-00008-<hash>``."""

PARTITION = pattern(r"^[^=]+=[^=]*$")
"""A folder of a partitioned table: ``year=2020``."""

WHOLE = pattern(r"^(0|-?[1-9]\d{0,17})$")

GLUED = pattern(r"^(x|y)(train|test|val|valid|dev)$|^(train|test|val|valid|dev)(x|y)$")
SERIES = 4
"""Numbered files from which they are one data set; fewer may be versions, or folds."""

OVERLAP = 0.5
"""Share of columns that splits of one data set have in common: the target may lack, a few may be renamed."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a file's or array's name says: ``key`` is equal for what belongs together."""

    key: tuple[str, ...]
    role: str = ""
    part: str = ""
    rest: str = ""


@dataclass
class Group:
    """Tables of one data set: for each role, lists of tables that stand side by side."""

    key: tuple[str, ...]
    roles: dict[str, list[list[Table]]] = field(default_factory=dict)


def name_of(table: Table, settings: Settings) -> Name:
    """Take the name apart: folder, split word, features or labels, and what is left."""
    path = table.path
    folder = _unpartitioned(path.parent)
    role = ROLES.get(folder.name.lower(), "")
    by_folder = bool(role)
    if by_folder:
        folder = folder.parent
    stem = path.name.split(".")[0]
    piece = SHARD.match(stem)
    stem = piece["before"] if piece else "" if folder != path.parent and not by_folder else stem
    stem = f"{stem} {table.member}" if table.member else stem
    left, parts = list[str](), list[str]()
    for word in _unglued(words(stem.replace("hold_out", "holdout"))):
        if word in ROLES:
            role = ROLES[word]
        elif word in PARTS:
            parts.append(word)
        elif not (by_folder and (word.isdigit() or word in ("part", "chunk", "shard"))):
            left.append(word)
    chosen = _chosen(path, settings)
    if chosen:
        return Name(("option",), chosen, PARTS[parts[-1]] if parts else "", "")
    part = PARTS[parts[-1]] if parts else ""
    return Name((folder.as_posix(), *left), role, part, "_".join([*left, *parts]))


def _unpartitioned(folder: Path) -> Path:
    while PARTITION.match(folder.name):
        folder = folder.parent
    return folder


def _with_partition(table: Table) -> Table:
    """The table with the columns that are in the names of its folders."""
    added: dict[str, pl.Expr] = {}
    folder = table.path.parent
    while PARTITION.match(folder.name):
        name, _, text = folder.name.partition("=")
        value = None if text == "__HIVE_DEFAULT_PARTITION__" else int(text) if WHOLE.match(text) else text
        if name not in table.names:
            added[name] = pl.lit(str(value) if table.written and value is not None else value).alias(name)
        folder = folder.parent
    return replace(table, frame=table.frame.with_columns(**added)) if added else table


def _unglued(found: Iterable[str]) -> Iterable[str]:
    for word in found:
        match = GLUED.match(word)
        yield from ([g for g in match.groups() if g] if match else [word])


def _chosen(path: Path, settings: Settings) -> str:
    for role, text in (("train", settings.train), ("test", settings.test)):
        if text and (
            path.resolve() == Path(text).resolve() or Path(text).resolve() in path.resolve().parents
        ):
            return role
    return ""


def grouped(tables: Sequence[Table], settings: Settings) -> list[Group]:
    """The data sets among the tables, in the order of their first file."""
    named = [(name_of(t, settings), _with_partition(t)) for t in tables]
    groups: dict[tuple[str, ...], list[tuple[Name, Table]]] = {}
    for name, table in named:
        groups.setdefault(name.key, []).append((name, table))
    return _series([g for key, members in groups.items() for g in _groups(key, members)])


def _series(groups: list[Group]) -> list[Group]:
    """Files of one folder with the same columns that are only numbered, many of them, are one data set."""
    alike: dict[object, list[Group]] = {}
    for group in groups:
        alike.setdefault(_numbered(group), []).append(group)
    long = {
        id(g): members[0] for key, members in alike.items() if key and len(members) >= SERIES for g in members
    }
    for group in groups:
        first = long.get(id(group))
        if first is not None and first is not group:
            first.roles["all"] += group.roles["all"]
    return [g for g in groups if long.get(id(g), g) is g]


def _numbered(group: Group) -> object:
    """What numbered files have in common; None for a data set of several files."""
    parts = group.roles.get("all", [])
    if len(group.roles) != 1 or len(parts) != 1 or len(parts[0]) != 1 or parts[0][0].member:
        return None
    path = parts[0][0].path
    stem = re.sub(r"\d+", "0", path.name)
    return (path.parent, stem, *columns(parts[0])) if "0" in stem else None


def _groups(key: tuple[str, ...], members: list[tuple[Name, Table]]) -> list[Group]:
    by_role: dict[str, list[tuple[Name, Table]]] = {}
    for name, table in members:
        by_role.setdefault(name.role, []).append((name, table))
    whole, singles = Group(key), list[Group]()
    for role, tables in by_role.items():
        joined = _joined(tables)
        if role and all(_alike(joined[0], j) for j in joined[1:]):
            whole.roles[role] = joined
        else:
            singles += [Group(key, {role or "all": [j]}) for j in joined]
    return [*_matching(whole), *_chunks(singles)]


def _matching(group: Group) -> list[Group]:
    """One data set of the splits whose columns overlap with the first's; the others on their own."""
    if not group.roles:
        return []
    first = group.roles.get("train") or next(iter(group.roles.values()))
    alike = {r: parts for r, parts in group.roles.items() if _alike(first[0], parts[0])}
    others = [Group(group.key, {r: p}) for r, p in group.roles.items() if r not in alike]
    order = [r for r in ("train", "validation", "test") if r in alike]
    return [Group(group.key, {r: alike[r] for r in order}), *others]


def _chunks(singles: list[Group]) -> list[Group]:
    """Pieces of one table, by their names and with the same columns, are one data set."""
    merged: dict[tuple[str, ...], Group] = {}
    for group in singles:
        tables = group.roles.get("all", [[]])[0]
        key = (*columns(tables), "") if tables and _piece(tables[0].path) else (str(id(group)),)
        if key in merged:
            merged[key].roles["all"] += group.roles["all"]
        else:
            merged[key] = group
    return list(merged.values())


def _piece(path: Path) -> bool:
    """Whether a file is one of the pieces of a table, by its name."""
    return SHARD.match(path.name.split(".")[0]) is not None or _unpartitioned(path.parent) != path.parent


def _joined(tables: list[tuple[Name, Table]]) -> list[list[Table]]:
    """Features and labels with the same number of rows side by side, the features first."""
    labels = [t for n, t in tables if n.part == "y"]
    others = [t for n, t in tables if n.part == "x"] or [t for n, t in tables if n.part == ""]
    rest = [t for _, t in tables if t not in labels and t not in others]
    if len(labels) == 1 and len(others) == 1 and labels[0].rows == others[0].rows:
        return [[others[0], labels[0]], *([t] for t in rest)]
    return [[t] for _, t in tables]


def columns(tables: Iterable[Table]) -> list[str]:
    """The column names of tables that stand side by side."""
    return [name for table in tables for name in table.names]


def _alike(one: list[Table], other: list[Table]) -> bool:
    if any(a.rank != b.rank for a, b in zip(one, other, strict=False)):
        return False
    a, b = set(columns(one[:1])), set(columns(other[:1]))
    return len(a & b) >= OVERLAP * len(a | b)
