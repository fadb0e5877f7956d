"""What is looked at in the file system, and what was seen, so that a later run can tell whether it would see
the same.

Whatever of the disk decides what nnlint says is asked for here: contents, kinds, names in folders, links, and
what is not there. While nothing is recorded, the functions only ask.
"""
# ruff: noqa: PTH115, PTH116, PTH208 - thousands of questions a run, by the text of their paths

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from nnlint.dataclass import dataclass

try:
    from _blake2 import blake2b  # ``hashlib`` would load OpenSSL as well
except ImportError:
    from hashlib import blake2b

HASHED = 65_536
"""Bytes up to which a file that a library reads is known by its content; a larger one by size and times."""

RACY = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system (FAT). A file written so shortly ago may be written again
without looking any different, so what was made of it is not kept."""

CONTENT, STATE, STAMP, KIND = "content", "state", "stamp", "kind"
NAMES, BELOW, LINK, INSTALLED = "names", "below", "link", "installed"

Question = tuple[str, str]
"""What was asked, of which path."""


@dataclass
class Seen:
    """Questions with their answers. ``steady``: no question got two answers, and none can go stale unseen.

    ``asked`` are the questions of the present scope.
    """

    answers: dict[Question, str] = field(default_factory=dict)
    steady: bool = True
    asked: set[Question] = field(default_factory=set)

    def note(self, kind: str, path: str, answer: str) -> None:
        """Remember what was seen."""
        question = (kind, path)
        self.asked.add(question)
        if self.answers.setdefault(question, answer) != answer:
            self.steady = False


_seen: Seen | None = None


@contextmanager
def recording() -> Iterator[Seen]:
    """Record what is seen inside."""
    global _seen
    outer, _seen = _seen, Seen()
    try:
        yield _seen
    finally:
        if outer is not None:
            outer.answers.update(_seen.answers)
        _seen = outer


@contextmanager
def scope() -> Iterator[set[Question]]:
    """Inside, questions are gathered in a set of their own; answers stay with the recording."""
    if _seen is None:
        yield set()
        return
    outer, _seen.asked = _seen.asked, set()
    try:
        yield _seen.asked
    finally:
        _seen.asked = outer


def again(questions: Iterable[Question]) -> None:
    """Something that these questions decided is used again, without asking them anew."""
    if _seen is not None:
        _seen.asked.update(questions)


K = TypeVar("K")
V = TypeVar("V")
Kept = dict[K, tuple[V, set[Question]]]
"""Values found once, each with the questions that decided it."""


def once(known: Kept[K, V], key: K, find: Callable[[K], V]) -> V:
    """``find(key)``, found once; what is asked for it counts each time."""
    if key not in known:
        with scope() as asked:
            value = find(key)
        known[key] = value, asked
    value, asked = known[key]
    again(asked)
    return value


def read(path: Path) -> bytes:
    """The content of a file. Raises OSError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        if _seen is not None:
            _seen.note(CONTENT, str(path), _failed(error))
        raise
    if _seen is not None:
        _seen.note(CONTENT, str(path), digest(data))
    return data


def file(path: Path) -> Path:
    """A file that something else is going to read."""
    note(STATE, str(path))
    return path


def note(kind: str, path: str, latest: int = 0) -> None:
    """Something depends on the answer to this question. ``latest``: when what is asked about was read, in
    nanoseconds; what was written after that may be something else.
    """
    if _seen is not None:
        answer = ANSWERS[kind](path)
        later = latest and int([*answer.split(), "0", "0"][1]) > latest
        _seen.steady = _seen.steady and not later and not answer.endswith("?")
        _seen.note(kind, path, answer)


def is_file(path: Path) -> bool:
    """Whether there is a file."""
    return _asked(KIND, path) == "file"


def is_dir(path: Path) -> bool:
    """Whether there is a folder."""
    return _asked(KIND, path) == "folder"


def exists(path: Path) -> bool:
    """Whether there is anything."""
    return _asked(KIND, path) != ""


def names(folder: Path) -> list[str]:
    """What lies in a folder, in order; nothing where it cannot be had."""
    found = _names(str(folder))
    if _seen is not None:
        _seen.note(NAMES, str(folder), digest("/".join(found).encode(errors="surrogateescape")))
    return found


def below(folder: Path) -> None:
    """The names in a folder, and which of them are folders and links, decide."""
    note(BELOW, str(folder))


def resolved(path: Path) -> Path:
    """The path without links."""
    return Path(_asked(LINK, path)) if _seen is not None else path.resolve()


def _asked(kind: str, path: Path) -> str:
    text = str(path)
    if _seen is None:
        return ANSWERS[kind](text)
    known = _seen.answers.get((kind, text))
    if known is None:
        known = ANSWERS[kind](text)
        _seen.note(kind, text, known)
    else:
        _seen.asked.add((kind, text))
    return known


def holds(question: Question, answer: str) -> bool:
    """Whether the question has this answer now."""
    kind, path = question
    return kind in ANSWERS and ANSWERS[kind](path) == answer


def answered(question: Question, answer: str) -> None:
    """Something is taken over that this answer decided."""
    if _seen is not None and _seen.answers.setdefault(question, answer) != answer:
        _seen.steady = False


def digest(data: bytes) -> str:
    """What tells contents apart."""
    return blake2b(data, digest_size=16).hexdigest()


def _content(path: str) -> str:
    try:
        return digest(Path(path).read_bytes())
    except OSError as error:
        return _failed(error)


def _failed(error: OSError) -> str:
    return f"error {error.errno}"


def _state(path: str) -> str:
    """The content of a small file, size and times of a large one; ``?`` behind one that was just written."""
    try:
        state = os.stat(path)
        if state.st_size <= HASHED and stat.S_ISREG(state.st_mode):
            return _content(path)
    except OSError as error:
        return _failed(error)
    return _stamped(state)


def _stamp(path: str) -> str:
    try:
        return _stamped(os.stat(path))
    except OSError as error:
        return _failed(error)


def _stamped(state: os.stat_result) -> str:
    fresh = "?" if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) < RACY else ""
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}{fresh}"


def _kind(path: str) -> str:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _hashed_names(path: str) -> str:
    return digest("/".join(_names(path)).encode(errors="surrogateescape"))


def _below(path: str) -> str:
    try:
        with os.scandir(path) as entries:
            found = sorted(f"{entry.name}/{_sort(entry)}" for entry in entries)
    except OSError as error:
        return _failed(error)
    return digest("/".join(found).encode(errors="surrogateescape"))


def _installed(path: str) -> str:
    """The packages in a folder of Python's path, with their versions, and what else puts packages there."""
    found = [name for name in _names(path) if name.endswith((".dist-info", ".egg-info", ".pth", ".egg-link"))]
    return digest("/".join(found).encode(errors="surrogateescape"))


def _sort(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_symlink():
            return f"{os.readlink(entry.path)} {_kind(entry.path)}"
        return "folder" if entry.is_dir() else "file" if entry.is_file() else "other"
    except OSError as error:
        return _failed(error)


ANSWERS: dict[str, Callable[[str], str]] = {
    CONTENT: _content,
    STATE: _state,
    STAMP: _stamp,
    KIND: _kind,
    NAMES: _hashed_names,
    BELOW: _below,
    LINK: os.path.realpath,
    INSTALLED: _installed,
}
"""How each kind of question is answered, for a path."""
