"""Which data sets something says a network trains on: a repository holds tables for many other ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nnlint.evidence.data import Dataset
from nnlint.evidence.source import Program
from nnlint.finding import Note
from nnlint.pairing import Pairing

STRAY = "not judged: nothing says that a network trains on it; name the file, or say --target"


def vouched(
    evidence: Sequence[object], paths: Sequence[str], pairs: Mapping[str, str]
) -> tuple[tuple[object, ...], tuple[Note, ...]]:
    """The evidence without data sets that merely lie beside code, and a note on each of those.

    What speaks for one: the user names it, or a folder that holds no code; a column is known as its target;
    it is divided into splits; the linted code, or the configuration, names it. An array that code reads may
    be anything (a solution to compare with, a grid), and so may folders of images (``docs/img/icons``).
    """
    if not any(isinstance(e, Dataset) for e in evidence):
        return tuple(evidence), ()
    programs = [e.path for e in evidence if isinstance(e, Program)]
    pairing = Pairing(evidence, dict(pairs))
    with_code = {folder for program in programs for folder in Path(program).resolve().parents}
    named = {Path(path).resolve() for path in paths} - with_code
    strays = [
        e
        for e in evidence
        if isinstance(e, Dataset)
        and (e.target is None or e.target.found == "folders")
        and len(e.splits) == 1
        and not any(named & {file, *file.parents} for file in _files(e))
        and not (e.format != "array" and any(pairing.reads(program, e) for program in programs))
    ]
    left_out = set(map(id, strays))
    notes = dict.fromkeys(Note(stray.place.path, STRAY) for stray in strays)
    return tuple(e for e in evidence if id(e) not in left_out), tuple(notes)


def _files(dataset: Dataset) -> Iterator[Path]:
    return (Path(path).resolve() for path in dataset.paths)
