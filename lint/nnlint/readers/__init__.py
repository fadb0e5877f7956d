"""Readers turn files into evidence. Each is imported only when a file of its kind is there."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Protocol

from nnlint import looks
from nnlint.config import Settings, UsageError
from nnlint.dataclass import dataclass
from nnlint.evidence.target import UnknownColumn
from nnlint.finding import Failure, Note
from nnlint.loading import loading
from nnlint.pattern import pattern
from nnlint.readers.units import Loaded, Record, Unit, Units


@dataclass(frozen=True)
class Reading:
    """What a reader found: pieces of evidence of any type, and notes on what it left out.

    ``failures`` and ``timings`` (seconds by reader) are filled here: a reader itself raises UsageError or
    UnknownColumn, else nothing by intent. ``units``: evidence of source by file, as it stands in
    ``evidence``; ``records``: the modules that these use.
    """

    evidence: tuple[object, ...] = ()
    notes: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    units: tuple[Unit, ...] = ()
    records: Mapping[Loaded, Record] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


Progress = Callable[[str], None]
"""Called with a path before it is read; must be cheap."""


class Reader(Protocol):
    """A module of this package with a function ``read``.

    ``files`` are all files of its kinds; what belongs together (modules of a project, splits of a data
    set) is for the reader to find out. It never raises for bad input: it gives ``Unreadable``.
    """

    def read(self, files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
        """Read all files of the kind."""
        ...


PACKINGS = ("", ".gz", ".zst", ".bz2", ".xz", ".zip")
READERS: dict[str, tuple[str, ...]] = {
    "source": (".py", ".ipynb"),
    "onnx": (".onnx",),
    "weights": (
        *(".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".keras", ".h5", ".hdf5"),
        *(".pth.tar", ".pt.tar", ".ckpt.tar"),
        *(".safetensors.index.json", ".bin.index.json"),
    ),
    "data": (
        *(end + packing for end in (".csv", ".tsv", ".jsonl", ".ndjson") for packing in PACKINGS),
        *(".parquet", ".feather", ".arrow", ".npz", ".npy", ".xlsx", ".xlsm", ".xls", ".ods"),
        *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
    ),
}
"""Reader module -> the ends of file names it reads."""

RUNS = "runs"
"""The reader of logs of training, told by what they hold: a table may be one, or data to learn from."""
MAY_BE_LOGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".log", ".out", ".txt")

OPENED = (*MAY_BE_LOGS, ".npz", ".pt", ".pth")
"""Files that are opened to tell what they are."""

SOURCE = "source"
"""The reader whose files may change within a run of nnlint, by fixes."""


def reader_of(path: Path) -> str | None:
    """The reader for a file by its name, None when there is none.

    What may be of two kinds is opened: an archive of arrays may hold weights, a table the log of a run.
    """
    name = path.name.lower()
    if name.endswith(OPENED) or "tfevents" in name:
        looks.file(path)
    if (name.endswith(MAY_BE_LOGS) or "tfevents" in name) and _is_log(path):
        return RUNS
    if name.endswith(".npz") and _named_as_weights(path):
        return "weights"
    if name.endswith((".pt", ".pth")) and _holds_samples(path):
        return "data"
    if name.endswith(".json"):
        return _reader_of_json(name, path)
    if name.endswith(".txt"):
        return "data" if _labels_boxes(path) else None
    return next((reader for reader, ends in READERS.items() if name.endswith(ends)), None)


def _reader_of_json(name: str, path: Path) -> str | None:
    if name.endswith(READERS["weights"]):
        return "weights"
    return "data" if _holds_rows(path) or holds_boxes(path) else None


def _holds_samples(path: Path) -> bool:
    from nnlint.readers.data.tensors import holds_samples

    return holds_samples(path)


def _holds_rows(path: Path) -> bool:
    """Whether a JSON file is a list of objects, as its beginning says: most are configuration."""
    try:
        with path.open("rb") as file:
            return re.match(rb"\s*\[\s*\{", file.read(64)) is not None
    except OSError:
        return False


BOXES_BEGIN = pattern(
    rb'\s*(\xef\xbb\xbf)?\s*\{\s*"(info|images|annotations|categories|licenses|type|version|contributor)"'
)


def holds_boxes(path: Path) -> bool:
    """Whether a JSON file has the three lists of COCO: images, their annotations, the categories."""
    import mmap

    try:
        with path.open("rb") as file:
            if BOXES_BEGIN.match(file.read(100)) is None:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                wanted = (b'"images"', b'"annotations"', b'"categories"')
                return all(text.find(word) >= 0 for word in wanted)
    except (OSError, ValueError):
        return False


BOX_LINE = pattern(rb"\s*\d+([ \t]+[-+\d.eE]+){4,}[ \t]*(\r?\n|$)")


def _labels_boxes(path: Path) -> bool:
    """Whether a text file is one of the labels of YOLO: by its folder, and its first line if it has one."""
    if "labels" not in path.parts[:-1]:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(4_096)
    except OSError:
        return False
    return not head.strip() or BOX_LINE.match(head) is not None


def _is_log(path: Path) -> bool:
    from nnlint.readers.runs.detect import is_log

    return is_log(path)


def _named_as_weights(path: Path) -> bool:
    import zipfile

    from nnlint.readers.weights.names import holds_weights

    try:
        with zipfile.ZipFile(path) as archive:
            return holds_weights(n.removesuffix(".npy") for n in archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError):
        return False


def read(
    files: Iterable[Path],
    settings: Settings,
    progress: Progress = lambda _: None,
    known: dict[str, Reading] | None = None,
    units: Units | None = None,
) -> Reading:
    """Read all files, each with the reader of its kind.

    ``known``: what readers other than that of source gave for the same files; filled where it is not there.
    ``units``: what is known of source files from an earlier run.
    """
    by_reader: dict[str, list[Path]] = {}
    for path in files:
        reader = reader_of(path)
        if reader not in (None, SOURCE):
            looks.file(path)
        if reader is not None:
            by_reader.setdefault(reader, []).append(path)
    if settings.data:
        by_reader.setdefault("data", [])
    known = {} if known is None else known
    known.pop(SOURCE, None)
    for name, paths in by_reader.items():
        if name not in known:
            began = time.perf_counter()
            reading = _read(name, paths, settings, progress, units)
            spent = {f"reading {name}": time.perf_counter() - began}
            known[name] = replace(reading, timings=spent)
    return _joined(known[name] for name in by_reader)


def _read(
    name: str, files: Sequence[Path], settings: Settings, progress: Progress, units: Units | None = None
) -> Reading:
    """Read with one reader; when it fails, file by file, so that one file does not hide the others."""
    with loading():
        module: Reader = importlib.import_module(f"nnlint.readers.{name}")
    try:
        if name == SOURCE:
            from nnlint.readers import source

            return source.read(files, settings, progress, units)
        return module.read(files, settings, progress)
    except UsageError as error:
        return Reading(failures=(Failure(f"the {name} reader", error),))
    except UnknownColumn as error:
        return Reading(failures=(Failure(f"the {name} reader", UsageError(str(error))),))
    except Exception as error:
        if len(files) == 1:
            return Reading(failures=(Failure(f"the {name} reader, on {files[0]}", error),))
    return _joined(_read(name, [file], settings, progress) for file in files)


def _joined(readings: Iterable[Reading]) -> Reading:
    readings = list(readings)
    return Reading(
        tuple(e for r in readings for e in r.evidence),
        tuple(n for r in readings for n in r.notes),
        tuple(f for r in readings for f in r.failures),
        tuple(u for r in readings for u in r.units),
        {loaded: record for r in readings for loaded, record in r.records.items()},
        {name: seconds for r in readings for name, seconds in r.timings.items()},
    )
