"""Reader of run histories: logs of Lightning, Keras, Hugging Face and TensorBoard, other CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnlint import looks
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.evidence.runs import Point
from nnlint.readers import Progress, Reading
from nnlint.readers.runs.curves import figures, history_of, merged
from nnlint.readers.runs.detect import EVENTS
from nnlint.readers.runs.events import read_events
from nnlint.readers.runs.names import SPLITS, WORD, words
from nnlint.readers.runs.printed import ENDS, printed_rows
from nnlint.readers.runs.records import Row
from nnlint.readers.runs.rows import MOST_BYTES, Malformed, read_rows

Named = tuple[str, str, Sequence[Point]]


def read(files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
    """A History for each run: for each log, or for all logs and event files of one run together."""
    problems: list[object] = []
    runs: dict[tuple[str, ...], list[tuple[Path, list[Named]]]] = {}
    events: dict[tuple[Path, str], list[tuple[Path, dict[str, list[Point]]]]] = {}
    for path in files:
        progress(path.as_posix())
        try:
            if EVENTS in path.name.lower():
                tags = read_events(path)
                events.setdefault(_folder(path), []).append((path, tags))
            else:
                named: list[Named] = [(n, s or _split_of(path.stem), p) for n, s, p in figures(_rows(path))]
                runs.setdefault(_run(path, named), []).append((path, named))
        except Malformed as problem:
            problems.append(_problem(path, str(problem), problem.line))
        except OSError as error:
            problems.append(_problem(path, error.strerror or str(error), 0))
    for (folder, split), parts in events.items():
        parts.sort(key=lambda part: part[0].name)
        together = merged(part for _, part in parts)
        scalars: list[Named] = [(tag, split, points) for tag, points in together.items()]
        runs.setdefault(("events", folder.as_posix()), []).append((parts[-1][0], scalars))
    found = [
        history_of(parts[0][0].as_posix(), _format(parts[0][0]), [n for _, named in parts for n in named])
        for parts in runs.values()
    ]
    return Reading((*(h for h in found if h is not None), *problems))


def _rows(path: Path) -> list[Row]:
    if not path.name.lower().endswith(ENDS):
        return read_rows(path)
    if path.stat().st_size > MOST_BYTES:
        raise Malformed(f"a log of more than {MOST_BYTES >> 20} MB")
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        return list(printed_rows(file))


def _problem(path: Path, reason: str, line: int) -> Unreadable:
    return Unreadable(Place(path.as_posix(), line=line), _format(path), reason)


def _format(path: Path) -> str:
    if EVENTS in path.name.lower():
        return "event file"
    if path.name.lower().endswith(ENDS):
        return "text"
    return "csv" if path.suffix.lower() in (".csv", ".tsv") else "json"


def _folder(path: Path) -> tuple[Path, str]:
    """The folder of the run of an event file, and its split: splits of a run lie in folders of their own."""
    folder = path.parent
    split, rest = _apart(folder.name)
    looks.below(folder.parent)
    if split and (not rest or any(_sibling(other, split, rest) for other in folder.parent.iterdir())):
        return folder.parent, split
    return folder, ""


def _apart(name: str) -> tuple[str, list[str]]:
    return _split_of(name), [w for w in words(name) if w not in SPLITS]


def _sibling(folder: Path, split: str, rest: Sequence[str]) -> bool:
    """Whether a folder is of another split of the same run, by its name."""
    other, its_rest = _apart(folder.name)
    return bool(other) and other != split and its_rest == rest and folder.is_dir()


def _split_of(name: str) -> str:
    return next((SPLITS[w] for w in words(name) if w in SPLITS and w not in ("tr", "dev")), "")


def _run(path: Path, named: Sequence[Named]) -> tuple[str, ...]:
    """Equal for logs of one run: ``train_log.csv`` and ``val_log.csv``, whose names alone tell the split."""
    left = [w.lower() for w in WORD.findall(path.stem) if w.lower() not in SPLITS]
    alone = len(left) == len(WORD.findall(path.stem)) or any(s == "" for _, s, _ in named)
    return (path.as_posix(),) if alone else (path.parent.as_posix(), *left)
