"""What a program does with the figures of an evaluation: how it calls them, and what it lets them decide."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import field

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Loop
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything, kept
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.libraries.conventions import SCHEDULER, role_of

STOPPER = pattern(r"early|stopp", re.IGNORECASE)
SAVING = pattern(r"(^|_)save(_|$)|state_dict|deepcopy|checkpoint", re.IGNORECASE)
BEST = pattern(r"best|patience", re.IGNORECASE)
REPORTED = 6
"""How many statements after an evaluation still speak of its figures."""


@dataclass(frozen=True)
class Spot:
    """A statement of a program, and those that run after it."""

    statement: ast.stmt
    after: tuple[ast.stmt, ...]


@dataclass
class Figures:
    """``names``: the variables that hold the figures. ``claims``: the splits they are said to be of,
    ``result``: those that the variables say to which a call assigns them.
    """

    names: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    drives: list[str] = field(default_factory=list)
    result: set[str] = field(default_factory=set)


def figures(text: Text, loop: Loop) -> Figures:
    """What becomes of what a loop computes, in the functions of this file that lead to it."""
    found = Figures()
    spots = _spots(text)
    for place in (loop.place, *reversed(loop.calls)):
        spot = spots.get(_key(place)) if place.path == text.path and place.cell == 0 else None
        if spot is None:
            continue
        _follow(spot, found)
    return found


def _follow(spot: Spot, found: Figures) -> None:
    names = set(_assigned(spot.statement))
    after = spot.after
    for statement in after:
        if isinstance(statement, ast.Assign) and names & set(_read(statement.value)):
            names |= set(_assigned(statement))
    found.names |= names
    found.claims |= {role for name in names if (role := role_of(name))}
    if not isinstance(spot.statement, ast.For | ast.While):
        found.result |= {role for name in _assigned(spot.statement) if (role := role_of(name))}
        found.claims |= set(_words(spot.statement))
    for statement in after[:REPORTED]:
        if isinstance(statement, ast.Expr | ast.Return) and names & set(_read(statement)):
            found.claims |= set(_words(statement))
    found.drives += [d for statement in after for d in _drives(statement, names)]


def _spots(text: Text) -> dict[tuple[int, int], Spot]:
    """The statement that each loop and call stands in, by where these start and end."""
    return kept(text.tree, "_spots", lambda _: _found_spots(text))


def _found_spots(text: Text) -> dict[tuple[int, int], Spot]:
    spots: dict[tuple[int, int], Spot] = {}
    for node in everything(text.tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.For | ast.While):
            _note(text, node.body, (), spots)
    return spots


def _note(
    text: Text, block: list[ast.stmt], tail: tuple[ast.stmt, ...], found: dict[tuple[int, int], Spot]
) -> None:
    for number, statement in enumerate(block):
        after = (*block[number + 1 :], *tail)
        if isinstance(statement, ast.With | ast.If | ast.Try):
            _note(text, statement.body, after, found)
            _note(text, getattr(statement, "orelse", []), after, found)
        elif isinstance(statement, ast.For | ast.While):
            found[_key(text.place(statement))] = Spot(statement, after)
        elif isinstance(statement, ast.Assign | ast.Expr | ast.AnnAssign | ast.AugAssign | ast.Return):
            for node in below(statement):
                if isinstance(node, ast.Call):
                    found[_key(text.place(node))] = Spot(statement, after)
                elif isinstance(node, ast.comprehension):
                    found[_key(text.place(node.target))] = Spot(statement, after)


def _key(place: Place) -> tuple[int, int]:
    return (place.line * 1000 + place.column, place.end_line * 1000 + place.end_column)


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """The variables that a statement, or the body of a loop, writes."""
    for node in below(statement):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"
        ):
            yield from list(_read(node.func.value))[:1]


def _read(node: ast.AST) -> Iterator[str]:
    for inner in below(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Load):
            yield inner.attr


def _words(statement: ast.stmt) -> Iterator[str]:
    """The splits that the texts of a statement speak of."""
    for node in below(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for word in re.findall(r"[A-Za-z]+", node.value):
                if role := role_of(word):
                    yield role


def _drives(statement: ast.stmt, names: set[str]) -> Iterator[str]:
    """How figures act upon training: they set the rate, stop it, or choose what is kept."""
    if isinstance(statement, ast.If):
        tested = set(_read(statement.test))
        compared = any(isinstance(n, ast.Compare) for n in below(statement.test))
        if compared and names & tested and (BEST.search(" ".join(tested)) or _breaks(statement)):
            words = [w for inner in statement.body for w in _read(inner)]
            if any(SAVING.search(w) for w in words):
                yield "the best weights are kept by it"
            elif _breaks(statement):
                yield "training stops by it"
    if isinstance(statement, ast.If):
        for inner in statement.body:
            yield from _drives(inner, names)
        return
    for call in (n for n in below(statement) if isinstance(n, ast.Call)):
        given = {name for part in call.args for name in _read(part)}
        if not names & given:
            continue
        receiver = ast.unparse(call.func)
        if SCHEDULER.search(receiver) and receiver.endswith("step"):
            yield "the schedule follows it"
        elif STOPPER.search(receiver):
            yield "training stops by it"


def _breaks(statement: ast.If) -> bool:
    return any(isinstance(n, ast.Break) for n in below(statement))
