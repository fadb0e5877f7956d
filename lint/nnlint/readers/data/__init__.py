"""Reader of data: tables, arrays and image folders become data sets with profiles and a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.evidence.data import Dataset
from nnlint.evidence.target import UnknownColumn, unknown, with_target
from nnlint.finding import Note
from nnlint.readers import PACKINGS, Progress, Reading, holds_boxes
from nnlint.readers.data import hugging_face, remote
from nnlint.readers.data.annotated import read_annotated
from nnlint.readers.data.arrays import open_archive, open_array
from nnlint.readers.data.delimited import open_delimited
from nnlint.readers.data.excel import open_excel
from nnlint.readers.data.groups import Group, grouped
from nnlint.readers.data.images import ENDS, read_images
from nnlint.readers.data.objects import open_json, open_json_lines
from nnlint.readers.data.sets import dataset_of
from nnlint.readers.data.tables import (
    Malformed,
    Table,
    guarded,
    open_arrow,
    open_parquet,
)
from nnlint.readers.data.tensors import open_tensors

OPENERS: dict[str, tuple[str, Callable[[Path], Table | list[Table]]]] = {
    **{f"{end}{p}": ("csv", open_delimited) for end in (".csv", ".tsv") for p in PACKINGS},
    **{
        f"{end}{packing}": ("jsonl", open_json_lines) for end in (".jsonl", ".ndjson") for packing in PACKINGS
    },
    ".json": ("json", open_json),
    ".parquet": ("parquet", open_parquet),
    ".feather": ("arrow", open_arrow),
    ".arrow": ("arrow", open_arrow),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), ("xlsx", open_excel)),
    **dict.fromkeys((".pt", ".pth"), ("torch", open_tensors)),
    ".npz": ("npz", open_archive),
    ".npy": ("npy", open_array),
}
"""End of the file name -> name of the format, and what opens it."""


def read(files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
    """Read all data files; what belongs together by name and columns is one data set.

    Raises UnknownColumn when ``settings.target`` is a column of none of them. Never raises for bad files.
    """
    found: list[object] = []
    boxes = read_annotated(
        [p for p in files if p.suffix.lower() == ".json" and holds_boxes(p)], files, progress
    )
    files = [p for p in files if p not in boxes.files]
    for path in files:
        if not path.name.lower().endswith(ENDS) and not hugging_face.is_cache(path):
            progress(path.as_posix())
            found += _opened(path, settings.engine)
    for address in settings.data:
        progress("a data base")
        found.append(remote.opened(address))
    found += [_dataset(group) for group in grouped([t for t in found if isinstance(t, Table)], settings)]
    found += read_images([p for p in files if p.name.lower().endswith(ENDS)], progress)
    datasets = _targeted([d for d in found if isinstance(d, Dataset)], settings.target)
    problems = [p for p in found if not isinstance(p, Table | Dataset)]
    datasets += [d for d in boxes.evidence if isinstance(d, Dataset)]
    problems += [e for e in boxes.evidence if not isinstance(e, Dataset)]
    notes = [Note(t.path.as_posix(), text) for t in found if isinstance(t, Table) for text in t.notes]
    return Reading((*datasets, *problems), (*notes, *_without_target(datasets)))


def _opened(path: Path, engine: str | None) -> list[object]:
    """The tables of a file, with what is wrong about them; or what is wrong instead."""
    format_, opener = next(v for end, v in OPENERS.items() if path.name.lower().endswith(end))
    try:
        with guarded(f"not readable as {format_}"):
            tables = (remote.scanned(path, engine) if engine else None) or opener(path)
    except Malformed as problem:
        return [problem.evidence(path, format_)]
    tables = tables if isinstance(tables, list) else [tables]
    return [*tables, *(c.evidence(path, format_) for t in tables for c in t.complaints)]


def _dataset(group: Group) -> object:
    first = next(iter(group.roles.values()))[0][0]
    try:
        with guarded(f"not readable as {first.format}"):
            return hugging_face.labelled(dataset_of(group))
    except Malformed as problem:
        return problem.evidence(first.path, first.format)


def _targeted(datasets: list[Dataset], column: str | None) -> list[Dataset]:
    """The data sets with the target that the user named, where they have it."""
    if not column or not datasets:
        return datasets
    having = [d.train.column(column) is not None for d in datasets]
    if not any(having):
        raise UnknownColumn(unknown(column, (c.name for d in datasets for c in d.train.columns)))
    return [with_target(d, column, "option") if h else d for d, h in zip(datasets, having, strict=True)]


def _without_target(datasets: Sequence[Dataset]) -> list[Note]:
    message = "cannot tell which column is to be predicted: name it with --target to have labels checked"
    return [Note(d.place.path, message) for d in datasets if d.target is None and d.format != "images"]
