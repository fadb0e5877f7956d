"""A whole run as an entry: same paths and settings give the same result while nothing they met changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint import __version__, looks
from nnlint.cache import folder
from nnlint.cache.written import finding_from, finding_to, no_subject, note_from, note_to
from nnlint.check import packages
from nnlint.config import Settings
from nnlint.result import Result, Understood
from nnlint.selection import Chosen

if TYPE_CHECKING:
    from nnlint.readers import Progress

FORMAT = 1
"""Counts up when entries are written another way."""

ELSEWHERE = ("output_format", "fail_on", "baseline", "cache", "cache_dir", "jobs", "overlay")
"""Settings that do not change what is found."""

BEGAN = time.time_ns()
"""Parts of nnlint that were written later than this are not what runs here."""


def cacheable(chosen: Settings) -> bool:
    """Whether everything that the run reads is a file: no data base, no text from elsewhere."""
    return chosen.cache and not (chosen.overlay or chosen.data or chosen.engine)


def result_of(paths: Sequence[str], chosen: Settings, progress: Progress) -> Result:
    """The result of an earlier run that met the same, else of a new one, which is kept."""
    found = known(paths, chosen)
    if found is not None:
        return found
    from nnlint import engine
    from nnlint.cache.units import Kept

    place, key = _place(chosen), key_of(paths, chosen)
    earlier = Kept(place, key)
    with suppress(OSError):
        folder.prepare(place)  # before the folders around it are looked at
    with looks.recording() as seen:
        result = engine.run(paths, chosen, progress, earlier=earlier, outlined=True)
        with looks.scope() as program:
            note_program()
    save(place, key, result, seen)
    if not result.failures:
        earlier.save(seen, program)
    return result


def known(paths: Sequence[str], chosen: Settings) -> Result | None:
    """The result of an earlier run, if a new one would give the same."""
    return load(_place(chosen), key_of(paths, chosen), chosen) if cacheable(chosen) else None


def _place(chosen: Settings) -> Path:
    """The folder of the cache."""
    return Path(chosen.cache_dir) if chosen.cache_dir else folder.usual()


def key_of(paths: Sequence[str], chosen: Settings) -> str:
    """What tells runs apart before anything is read."""
    settings = {f.name: getattr(chosen, f.name) for f in fields(chosen) if f.name not in ELSEWHERE}
    python = (sys.version, sys.platform, sys.prefix)
    return looks.digest(repr((FORMAT, __version__, python, str(Path.cwd()), list(paths), settings)).encode())


def load(place: Path, key: str, chosen: Settings) -> Result | None:
    """The result of an earlier run, if a new one would give the same."""
    entry = folder.load(place, key)
    try:
        if not all(looks.holds((kind, path), answer) for kind, path, answer in entry["looks"]):
            return None
        for kind, path, answer in entry["looks"]:
            looks.answered((kind, path), answer)
        return _result(entry["result"], chosen)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def save(place: Path, key: str, result: Result, seen: looks.Seen) -> None:
    """Keep a result, unless something failed, or changed while it was made."""
    if result.failures or not seen.steady:
        return
    answers = [[kind, path, answer] for (kind, path), answer in seen.answers.items()]
    folder.save(place, key, {"looks": answers, "result": _written(result)})


def note_program() -> None:
    """The parts of nnlint, checks and plugins that have been loaded, and what else is installed, decide."""
    import sysconfig

    # Modules change there only with the version of Python or of their package.
    installed = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platlib", "purelib"))
    for path in map(os.path.abspath, sys.path):
        looks.note(looks.INSTALLED, path)
    ours = {"nnlint", *(package.partition(".")[0] for package in packages())}
    for module in tuple(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and (module.__name__.partition(".")[0] in ours or not file.startswith(installed)):
            looks.note(looks.STAMP, file, latest=BEGAN)
            folders = getattr(module, "__path__", ())
            for package in folders if isinstance(folders, Iterable) else ():  # modules may make up attributes
                looks.names(Path(package))


def _written(result: Result) -> Any:
    return {
        "findings": [finding_to(finding, no_subject) for finding in result.findings],
        "spoken_for": [finding_to(finding, no_subject) for finding in result.spoken_for],
        "notes": [note_to(note) for note in result.notes],
        "suppressed": result.suppressed,
        "read": asdict(result.read),
    }


def _result(written: Any, chosen: Settings) -> Result:
    return Result(
        tuple(finding_from(finding, no_subject) for finding in written["findings"]),
        tuple(note_from(note) for note in written["notes"]),
        checks=Chosen(chosen),
        suppressed=int(written["suppressed"]),
        spoken_for=tuple(finding_from(finding, no_subject) for finding in written["spoken_for"]),
        read=Understood(**{name: int(number) for name, number in written["read"].items()}),
    )
