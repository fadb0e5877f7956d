"""Elements of argument lists and collections: taken out with their comma, put in like their neighbours."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nnlint.fixing.source import BLANK, Source, Span, Unfit

Removed = tuple[int, int, str]
"""Where text goes, and what stays of it: comments."""


def elements(container: ast.AST) -> Sequence[ast.AST]:
    """The elements of a call, list, tuple, set or dict, in the order of the text."""
    if isinstance(container, ast.Call):
        arguments: list[ast.expr | ast.keyword] = [*container.args, *container.keywords]
        return sorted(arguments, key=lambda n: (n.lineno, n.col_offset))
    if isinstance(container, ast.List | ast.Tuple | ast.Set):
        return list(container.elts)
    raise Unfit


def without(source: Source, container: ast.AST, spans: Sequence[Span], index: int) -> Removed:
    """What to remove, so that one of the elements that stand at ``spans`` is gone."""
    start, end = _with_parentheses(source, container, spans[index])
    comma = source.after(end)
    followed = comma is not None and comma.text == ","
    stop = comma.end if comma is not None and followed else end
    begin, _ = source.line_of(start)
    _, line_end = source.line_of(stop)
    rest = source.after(stop)
    alone = source.leads(start) and (rest is None or rest.start >= line_end)
    if alone and (followed or index):
        return begin, line_end, _kept(source, begin, line_end)
    if followed and (index + 1 < len(spans) or not index):
        while (
            stop < len(source.text) and source.text[stop] in BLANK and not source.comments_in(end, stop + 1)
        ):
            stop += 1
        return start, stop, ""
    if not index:
        return start, end, ""
    previous = source.before(start)
    assert previous is not None  # the comma
    if source.comments_in(previous.end, start):
        return start, end, ""
    return previous.start, end, ""


def _kept(source: Source, begin: int, end: int) -> str:
    """The comments of lines that go, each on a line of its own."""
    indent, newline = source.indent_of(begin), source.newline_at(begin)
    return "".join(f"{indent}{comment}{newline}" for comment in source.comments_in(begin, end))


def _with_parentheses(source: Source, container: ast.AST, span: Span) -> Span:
    """The element with the parentheses that are written around it."""
    limit = _opening(source, container)
    start, end = span
    while True:
        before, after = source.before(start), source.after(end)
        if before is None or after is None or (before.text, after.text) != ("(", ")"):
            return start, end
        if before.start <= limit:
            return start, end
        start, end = before.start, after.end


def _opening(source: Source, container: ast.AST) -> int:
    """Where the bracket of the container stands."""
    start, _ = source.span(container)
    if not isinstance(container, ast.Call):
        return start
    bracket = source.after(source.span(container.func)[1])
    while bracket is not None and bracket.text != "(":
        bracket = source.after(bracket.end)
    if bracket is None:
        raise Unfit
    return bracket.start


def appended(source: Source, call: ast.Call, text: str) -> tuple[int, str]:
    """Where and how one more argument is written: on a line of its own where the last one has one."""
    existing = elements(call)
    if not existing:
        at = _opening(source, call) + 1
        return at, text
    if isinstance(existing[-1], ast.GeneratorExp):
        raise Unfit
    start, end = _with_parentheses(source, call, source.span(existing[-1]))
    if source.leads(start):
        return end, f",{source.newline_at(start)}{source.indent_of(start)}{text}"
    return end, f", {text}"
