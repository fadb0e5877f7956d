"""The examples in the docstrings of checks: written to a folder, linted, and compared with their marks."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from nnlint import engine
from nnlint.check import Check, all_checks
from nnlint.cli import parse
from nnlint.commands.given import settings_of
from nnlint.documentation import Example, ExampleFile
from nnlint.finding import Finding, Level
from nnlint.reports import Look, render

GENERATE = "generate"
QUIET = Look(verbosity=-1)
EXACT = (".py", ".ipynb", ".onnx")
NUMBER = re.compile(r"(?<![\w.])\d([\d.,]*\d)?")
ANYWHERE = 0
MARK = re.compile(r"#\s*(todo-)?(error|warning|hint):\s*\[([\w, ]+)\]")
EXPECT = re.compile(r"^\s*#\s*expect\s+(\S+)\s+(todo-)?(error|warning|hint):\s*\[([\w, ]+)\]", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Mark:
    """A finding that an example must have (or, ``todo``, is known not to have). Line 0: anywhere in it."""

    path: str
    line: int
    level: str
    code: str
    todo: bool = False


@dataclass(frozen=True)
class Case:
    """One example of a check."""

    check: Check
    section: str
    number: int
    example: Example

    def __str__(self) -> str:
        return f"{self.check.code}-{self.section}-{self.number}"


def cases() -> list[Case]:
    """Every example of every installed check."""
    return [
        Case(check, section, number, example)
        for check in all_checks()
        for section in ("fires", "silent")
        for number, example in enumerate(getattr(check.documentation, section), 1)
    ]


@dataclass(frozen=True)
class Outcome:
    """What linting an example gave, and how people see it."""

    result: engine.Result
    printed: str


@cache
def outcome(case: Case) -> Outcome:
    """Lint an example in a folder of its own; several tests ask for it, and some take seconds."""
    with TemporaryDirectory() as folder, chdir(folder):
        result = lint(case, Path(folder))
        return Outcome(result, "\n".join(map(_printed, result.findings)))


def _printed(finding: Finding) -> str:
    """As people see it; figures from data, which may differ between versions of libraries, are left out."""
    if finding.place.path.endswith(EXACT):
        return render("text", engine.Result((finding,)), QUIET)
    return NUMBER.sub("#", render("text", engine.Result((replace(finding, table=None),)), QUIET))


def lint(case: Case, folder: Path) -> engine.Result:
    """Write the example's files into ``folder``, the working directory, and lint it."""
    options = write(case, folder)
    return engine.run(options.paths, settings_of(options))


def write(case: Case, folder: Path, *, marked: bool = True) -> Namespace:
    """Write the example's files into ``folder``, with its marks or without; the options to lint it with."""
    for file in case.example.files:
        if file.name == GENERATE:
            exec(compile(file.text, f"{case} generate", "exec"), {"__name__": "__main__"})
        else:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text if marked else unmarked(file.text), encoding="utf-8")
    extra = ("--extend-select", case.check.code) if case.check.level is Level.HINT else ()
    return parse(["check", ".", *extra, *case.example.arguments])


def unmarked(text: str) -> str:
    """A program without the comments that say what must be found in it."""
    return re.sub(rf"[ \t]*{MARK.pattern}", "", text)


def marks(example: Example) -> list[Mark]:
    """What the example says must be found."""
    return [mark for file in example.files for mark in _marks(file)]


def _marks(file: ExampleFile) -> Iterator[Mark]:
    if file.name == GENERATE:
        for path, todo, level, codes in EXPECT.findall(file.text):
            yield from _each(path, ANYWHERE, level, codes, todo)
        return
    for todo, level, codes in MARK.findall(file.mark):
        yield from _each(file.name, ANYWHERE, level, codes, todo)
    for number, line in enumerate(file.text.split("\n"), 1):
        for todo, level, codes in MARK.findall(line):
            yield from _each(file.name, number, level, codes, todo)


def _each(path: str, line: int, level: str, codes: str, todo: str) -> Iterator[Mark]:
    for code in codes.split(","):
        yield Mark(path, line, level, code.strip(), bool(todo))


def found(result: engine.Result, expected: list[Mark]) -> set[Mark]:
    """The findings as marks; those in files that are marked as a whole lose their line."""
    whole = {(mark.path, mark.code) for mark in expected if mark.line == ANYWHERE}
    marks = set()
    for finding in result.findings:
        path = Path(finding.place.path).as_posix()
        line = ANYWHERE if (path, finding.code) in whole else finding.place.line
        marks.add(Mark(path, line, str(finding.level), finding.code))
    return marks
