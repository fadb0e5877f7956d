"""The baseline: findings that were there when nnlint came, kept in a file: only new ones are reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nnlint.config import UsageError
from nnlint.dataclass import dataclass
from nnlint.finding import Note
from nnlint.fingerprint import fingerprints
from nnlint.mentions import SOURCES, Elsewhere
from nnlint.placing import at_root, from_root
from nnlint.result import Result
from nnlint.suppress import could_speak

VERSION = 1
MOST_NAMED = 3
"""Stale entries that the note names."""


@dataclass(frozen=True)
class Entry:
    """A finding of the baseline. Only ``fingerprint`` identifies it; the rest is for who reads the file."""

    fingerprint: str
    code: str
    path: str
    message: str = ""


def write(file: Path, result: Result) -> None:
    """Write the baseline, sorted so that changes are easily merged. Raises UsageError.

    It holds what a finer check has taken over, too: a run on the code alone finds that instead. A file that
    is there and is no baseline is left alone.
    """
    if file.exists():
        load(file)
    findings = [*result.findings, *result.spoken_for]
    marks = fingerprints(findings)
    entries = sorted(
        ((from_root(f.place.path), f.code, mark, f.message) for f, mark in zip(findings, marks, strict=True)),
    )
    document = {
        "version": VERSION,
        "findings": [
            {"fingerprint": mark, "code": code, "path": path, "message": message}
            for path, code, mark, message in entries
        ],
    }
    try:
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def load(file: Path) -> list[Entry]:
    """The entries of a baseline. Raises UsageError when it cannot be read or is none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        entries = [Entry(e["fingerprint"], e["code"], e["path"]) for e in document["findings"]]
        version = document["version"]
    except OSError as error:
        hint = "; `--write-baseline` makes one" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"{file}: {error.strerror}{hint}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{file}: is no baseline of nnlint") from None
    if version != VERSION:
        raise UsageError(f"{file}: a baseline of version {version}, which this nnlint does not know")
    return entries


def without_known(result: Result, file: Path, paths: Sequence[str]) -> Result:
    """The result without the findings of the baseline, and with a note about entries that are stale.

    An entry is stale when ``paths`` hold its file, its check ran and found nothing of the kind any more.
    """
    entries = load(file)
    known = {entry.fingerprint for entry in entries}
    marks = fingerprints(result.findings)
    left = tuple(f for f, mark in zip(result.findings, marks, strict=True) if mark not in known)
    gone = known.difference(fingerprints([*result.findings, *result.spoken_for]))
    stale = [*_stale([entry for entry in entries if entry.fingerprint in gone], result, paths)]
    notes = (*result.notes, Note(str(file), _about(stale))) if stale else result.notes
    return replace(result, findings=left, notes=notes, known=len(result.findings) - len(left))


def _stale(gone: Iterable[Entry], result: Result, paths: Sequence[str]) -> Iterator[Entry]:
    """Of entries without a finding those whose finding the run would have made."""
    ran = {check.code for check in result.checks if could_speak(check, result.read)}
    linted = tuple(Path(path).resolve() for path in paths)
    elsewhere = Elsewhere(paths)
    for entry in gone:
        file = at_root(entry.path)
        if entry.code not in ran or not any(file.is_relative_to(path) for path in linted):
            continue
        if not file.name.endswith(SOURCES) or not elsewhere.imports(str(file)):
            yield entry


def _about(stale: Sequence[Entry]) -> str:
    named = ", ".join(f"{entry.code} in {entry.path}" for entry in stale[:MOST_NAMED])
    more = f" and {len(stale) - MOST_NAMED} more" if len(stale) > MOST_NAMED else ""
    entries = "1 entry is" if len(stale) == 1 else f"{len(stale)} entries are"
    return f"{entries} stale, the findings are gone ({named}{more}); renew the file with --write-baseline"
