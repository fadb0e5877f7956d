"""Properties over real sources: nothing to repair changes nothing, and what is repaired is all that changes."""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.fixing.files import SourceFile
from nnlint.fixing.plan import Plan, plans
from nnlint.fixing.source import Source
from nnlint.fixing.statements import start_of
from nnlint.readers.source.files.text import Text, parse
from nnlint.repair import (
    Action,
    Insert,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    Repair,
    SetArgument,
    Where,
    unwrapped,
)

INSTALLED = Path(sysconfig.get_paths()["purelib"])
MANY = 25
NEWLINES = st.sampled_from(["\n", "\r\n"])
INDENTS = st.sampled_from(["    ", "\t", " "])


@cache
def sources() -> tuple[Path, ...]:
    """Files of installed packages and of the standard library, picked at random but always the same."""
    packages = [INSTALLED / name for name in ("torch/nn/modules", "torch/optim", "_pytest", "hypothesis")]
    library = Path(sysconfig.get_paths()["stdlib"])
    found = [p for folder in (*packages, library / "asyncio", library / "email") for p in folder.glob("*.py")]
    return tuple(random.Random(0).sample(sorted(found), MANY))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_file_without_edits_is_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    file = SourceFile(str(path), data)
    assert file.edited({}) == data
    assert file.edited({0: []}) == data


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_every_expression_stands_where_its_place_says(path: Path) -> None:
    text = parse("a.py", path.read_text(encoding="utf-8"))
    assert isinstance(text, Text)
    source = Source(text.source, text.tree, text.source)
    for node in expressions(source):
        where = text.place(node)
        assert source.place("a.py", 0, *source.span(node)) == where
        assert ast.dump(source.expression(where)) == ast.dump(node)


def expressions(source: Source) -> Iterator[ast.expr]:
    return iter(source._expressions.values())


ACTIONS = (
    unwrapped,
    RemoveElement,
    RemoveStatement,
    lambda place: RemoveArgument(place, "dim", 1),
    lambda place: SetArgument(place, "dim", ("-1",), 1),
    lambda place: Insert(place, ("new()",)),
    lambda place: Insert(place, ("new()",), Where.AFTER),
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sources()), NEWLINES, INDENTS, st.sampled_from(ACTIONS), st.randoms(use_true_random=False)
)
def test_repair_keeps_comments_and_all_that_it_is_not_about(path, newline, indent, action, chance) -> None:  # type: ignore[no-untyped-def]
    file, calls = restyled_file(path, newline, indent)
    text = file.data.decode()
    if not calls:
        return
    where = file.source(0).place("a.py", 0, *file.source(0).span(chance.choice(calls)))
    plan = planned(file, action(where))
    if plan is None:
        return
    after = file.edited({0: list(plan.edits[0])}).decode()
    before = file.source(0)
    begin, end = whole_lines(before, before.statement(where))
    first, last = min(e.start for e in plan.edits[0]), max(e.end for e in plan.edits[0])
    assert begin <= first and last <= end
    assert after.startswith(text[:first]) and after.endswith(text[last:])
    assert sorted(c.text for c in Source(after, ast.parse(after), after).comments) == sorted(
        c.text for c in before.comments
    )


def whole_lines(source: Source, statement: ast.stmt) -> tuple[int, int]:
    begin, _ = source.line_of(start_of(source, statement))
    return begin, source.line_of(source.span(statement)[1])[1]


@cache
def restyled_file(path: Path, newline: str, indent: str) -> tuple[SourceFile, list[ast.Call]]:
    """The file in another style, and the calls in it."""
    file = SourceFile("a.py", restyled(path.read_text(encoding="utf-8"), newline, indent).encode())
    return file, [n for n in expressions(file.source(0)) if isinstance(n, ast.Call)]


def planned(file: SourceFile, action: Action) -> Plan | None:
    finding = Finding(Place(file.path), "", repairs=(Repair((action,)),))
    return next(plans(finding, {file.path: file}, {}), None)


def restyled(text: str, newline: str, indent: str) -> str:
    """The program with other ends of lines and another indentation, where that is no other program."""
    lines = text.split("\n")
    deep = [(len(line) - len(line.lstrip(" "))) for line in lines]
    if all(d % 4 == 0 for d in deep):
        lines = [indent * (d // 4) + line.lstrip(" ") for d, line in zip(deep, lines, strict=True)]
    other = newline.join(lines)
    try:
        ast.parse(other)
    except SyntaxError:
        return text
    return other
