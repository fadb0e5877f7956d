"""From tables that belong together to a data set: splits, profiles, target, features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import polars as pl

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import features, identifiers, named_target, with_target
from nnlint.readers.data.blanks import with_blanks
from nnlint.readers.data.engines import ROW, Embedded, Remote, named
from nnlint.readers.data.groups import Group, columns
from nnlint.readers.data.kinds import guesses
from nnlint.readers.data.profile import columns as profiled
from nnlint.readers.data.remote import sampled as fetched
from nnlint.readers.data.sampling import alike, as_pandas, sampled
from nnlint.readers.data.tables import Malformed, Table

if TYPE_CHECKING:
    import pandas as pd

ARRAYS = ("npy", "npz", "torch")
"""Formats of arrays made for a network."""

ONE_HOT_CELLS = 50_000_000


@dataclass(frozen=True)
class Opened:
    """A split with the rows behind its profiles."""

    split: Split
    frame: pl.LazyFrame
    values: Table | None = None  # an array of rank 3 or more
    remote: Remote | None = None


def dataset_of(group: Group) -> Dataset:
    """The data set of a group of tables. Raises Malformed when there is nothing to learn from."""
    opened = {role: _opened(role, parts) for role, parts in group.roles.items()}
    first = next(iter(group.roles.values()))[0]
    table = first[0]
    if table.rank == 2 and len(first) == 1 and len(table.names) == 1 and table.format not in ARRAYS:
        name = table.names[0]
        raise Malformed(f"only one column '{name[:40]}': nothing to learn from; is the delimiter right?")
    splits = tuple(o.split for o in opened.values())
    paths = [p for s in splits for p in s.paths]
    dataset = Dataset(
        name=_title(paths, first),
        place=Place(paths[0]),
        format="array" if table.format in ARRAYS else "table",
        splits=splits,
        load=_Loader(opened),
        load_alike=_Loader(opened).alike if table.rank == 2 and table.remote is None else None,
        rank=table.rank,
        identifiers=identifiers(splits[0]) if table.named and table.rank == 2 else (),
    )
    figures = _figures(opened)
    dataset = replace(dataset, features=figures or features(dataset, None), image_sizes=_sizes(group))
    target = _label(dataset, first) if len(first) > 1 else _guessed(dataset)
    return with_target(dataset, target, "name") if target else dataset


def _title(paths: Sequence[str], tables: Sequence[Table]) -> str:
    if len(paths) == 1:
        member = tables[0].member if len(tables) == 1 else ""
        return f"{PurePath(paths[0]).name} {member}".rstrip()
    folders = {PurePath(p).parent for p in paths}
    folder = folders.pop() if len(folders) == 1 else PurePath(os.path.commonpath([*folders]))
    return folder.name or PurePath(paths[0]).name


def _guessed(dataset: Dataset) -> str | None:
    """The column whose name says it is the target, unless it holds running text."""
    known = [c for c in dataset.train.columns if c.kind not in (Kind.NESTED, Kind.EMPTY, Kind.TIME)]
    name = named_target([c for c in known if c.name not in dataset.identifiers])
    column = dataset.train.column(name) if name else None
    return name if column is not None and column.kind is not Kind.TEXT else None


def _label(dataset: Dataset, tables: Sequence[Table]) -> str | None:
    """The target's column in labels that came in a file or array of their own."""
    features = {"values", *tables[0].names}
    names = [c.name for c in dataset.train.columns if c.name not in features]
    return names[0] if len(names) == 1 else None


def _label_names(tables: Sequence[Table]) -> list[str]:
    taken = set(columns(tables[:-1]))
    labels = tables[-1]
    left = [n for n in labels.names if n not in taken] if labels.named else labels.names
    return [_label_name(labels, n, taken) for n in left]


def _label_name(labels: Table, name: str, taken: set[str]) -> str:
    if not labels.named and len(labels.names) == 1:
        name = "y" if name.lower().startswith("y") else "label"
    return f"{name} (label)" if name in taken else name


def _opened(role: str, parts: list[list[Table]]) -> Opened:
    heads = [tables[0] for tables in parts]
    frames = [_beside(tables) for tables in parts]
    frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    written = {n for tables in parts for t in tables if t.written for n in t.names}
    guessed = [g for g in guesses(frame, False) if g.name not in written]
    guessed += guesses(frame.select(named(n) for n in columns_of(frame) if n in written), True)
    order = {name: i for i, name in enumerate(columns_of(frame))}
    remote = heads[0].remote if len(heads) == 1 and len(parts[0]) == 1 else None
    rows, profiles = profiled(remote or Embedded(frame), sorted(guessed, key=lambda g: order[g.name]))
    profiles = with_blanks(profiles, [t for tables in parts for t in tables])
    if heads[0].rank > 2:
        profiles = (*_values_profile(heads[0]), *profiles)
        rows = heads[0].rows or 0
    paths = tuple(dict.fromkeys(t.address or t.path.as_posix() for tables in parts for t in tables))
    sizes = tuple(h.rows or rows for h in heads)
    split = Split(role, paths, rows, profiles, sizes, heads[0].first_line)
    return Opened(split, frame, heads[0] if heads[0].rank > 2 else None, remote)


def columns_of(frame: pl.LazyFrame) -> list[str]:
    """The column names of a lazy frame."""
    return frame.collect_schema().names()


def _beside(tables: list[Table]) -> pl.LazyFrame:
    """Features with their labels as one frame; of an array of rank 3 and more, only the labels."""
    if len(tables) == 1:
        return tables[0].frame if tables[0].rank == 2 else pl.LazyFrame()
    labels = _one_hot(tables[-1])
    names = _label_names([*tables[:-1], labels])
    keep = [n for n in labels.names if not labels.named or n not in set(columns(tables[:-1]))]
    renamed = labels.frame.select(named(n).alias(m) for n, m in zip(keep, names, strict=True))
    if tables[0].rank > 2:
        return renamed
    return pl.concat([tables[0].frame, renamed], how="horizontal")


def _one_hot(labels: Table) -> Table:
    """Labels with one column a class as one column of class numbers."""
    width = len(labels.names)
    if labels.named or width < 2 or (labels.rows or 0) * width > ONE_HOT_CELLS:
        return labels
    frame = labels.frame.collect(engine="streaming")
    values = frame.to_numpy()
    if values.dtype.kind not in "iufb" or not ((values == 0) | (values == 1)).all():
        return labels
    if not (values.sum(axis=1) == 1).all():
        return labels
    return replace(labels, frame=pl.LazyFrame({"y": values.argmax(axis=1)}))


def _values_profile(table: Table) -> tuple[Column, ...]:
    """One profile for all single values of an array of rank 3 and more."""
    _, (profile,) = profiled(Embedded(table.frame), guesses(table.frame, False))
    return (replace(profile, name="values", top=()),)


def _figures(opened: dict[str, Opened]) -> tuple[str, ...]:
    first = next(iter(opened.values()))
    if first.values is None or first.values.reduce is None:
        return ()
    return tuple(first.values.reduce([0]).columns)


def _sizes(group: Group) -> tuple[tuple[tuple[int, int, int], int], ...]:
    """(width, height, channels) of arrays of images, with their number."""
    counted = [_size(tables[0]) for parts in group.roles.values() for tables in parts]
    return tuple(c for c in counted if c is not None)


def _size(table: Table) -> tuple[tuple[int, int, int], int] | None:
    shape = table.shape
    if len(shape) == 3 and shape[1] == shape[2]:
        return (shape[2], shape[1], 1), shape[0]
    if len(shape) == 4 and shape[3] in (1, 3, 4):
        return (shape[2], shape[1], shape[3]), shape[0]
    if len(shape) == 4 and shape[1] in (1, 3, 4):
        return (shape[3], shape[2], shape[1]), shape[0]
    return None


class _Loader:
    """Gives the sample of a split. A class, not a closure, so that evidence has a readable repr."""

    def __init__(self, opened: dict[str, Opened]) -> None:
        self._opened = opened

    def __call__(self, role: str, target: str | None) -> pd.DataFrame:
        opened = self._opened[role]
        if opened.values is not None:
            return _array_sample(opened, target)
        if opened.remote is not None:
            return as_pandas(fetched(opened.remote, opened.split, target), opened.split.columns)
        rows = sampled(opened.frame, opened.split, target)
        return as_pandas(rows, opened.split.columns)

    def alike(self, role: str, features: tuple[str, ...], share: float) -> pd.DataFrame:
        """A sample by the features' values."""
        opened = self._opened[role]
        return as_pandas(alike(opened.frame, opened.split, features, share), opened.split.columns)


ARRAY_ROWS = 5_000
"""Images or sequences of an array whose figures are sampled: each costs a pass over its values."""


def _array_sample(opened: Opened, target: str | None) -> pd.DataFrame:
    import numpy as np

    table, split = opened.values, opened.split
    assert table is not None and table.reduce is not None
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(split.rows)[:ARRAY_ROWS])
    frame = table.reduce([int(i) for i in chosen]).with_columns(pl.Series(ROW, chosen))
    labels = [c for c in split.columns if c.name != "values"]
    if labels:
        rest = opened.frame.collect(engine="streaming")[chosen]
        frame = frame.hstack(rest.get_columns())
    figures = [Column(n, Kind.NUMBER, "float", split.rows) for n in frame.columns if n.startswith("figure ")]
    return as_pandas(frame, [*figures, *labels])
