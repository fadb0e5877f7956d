"""Putting faults into programs, linting what comes out, and counting."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults import notebooks
from tests.faults.faults import Fault
from tests.faults.programs import Program

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level


@dataclass(frozen=True)
class Mutant:
    """A program with one fault."""

    fault: Fault
    number: int
    path: str
    program: Program

    def __str__(self) -> str:
        return f"{self.fault} #{self.number} in {self.program.name}/{self.path}"


@dataclass(frozen=True)
class Verdict:
    """What nnlint says about a mutant. ``extra``: what neither the program had nor the fault explains."""

    mutant: Mutant
    found: bool
    extra: tuple[str, ...]
    failures: tuple[str, ...] = ()


def mutants(program: Program, faults: Iterable[Fault]) -> Iterator[Mutant]:
    """The program with each fault wherever it can be put; what comes out is another text."""
    for fault in faults:
        number = 0
        for path, text in program.files.items():
            for place in range(sum(1 for _ in fault.finder(ast.parse(text), program))):
                tree = ast.parse(text)
                plain = ast.unparse(tree)
                list(fault.finder(tree, program))[place]()
                changed = ast.unparse(ast.fix_missing_locations(tree))
                if changed != plain:
                    number += 1
                    yield Mutant(fault, number, path, program.with_file(path, changed))


def findings(program: Program, hints: tuple[str, ...] = ()) -> tuple[set[str], tuple[str, ...]]:
    """Codes above hint, and those of ``hints``, that nnlint gives for a program, and what it failed of."""
    with TemporaryDirectory() as folder:
        for path, text in program.files.items():
            written = notebooks.as_notebook(text) if path.endswith(".ipynb") else text
            (Path(folder) / path).write_text(written, encoding="utf-8")
        result = engine.run([folder], Settings(extend_select=hints))
    codes = {f.code for f in result.findings if f.level is not Level.HINT or f.code in hints}
    return codes, tuple(f"{f.where}: {f.error!r}" for f in result.failures)


def judge(mutant: Mutant, clean: set[str]) -> Verdict:
    """Lint a mutant; ``clean`` is what the program has without the fault."""
    fault = mutant.fault
    codes, failures = findings(mutant.program, fault.codes)
    extra = codes - clean - set(fault.codes) - set(fault.along)
    return Verdict(mutant, bool(codes & set(fault.codes)), tuple(sorted(extra)), failures)
