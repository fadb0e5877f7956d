"""Statements put in, taken out and moved, with lines, suites and semicolons in order."""

from __future__ import annotations

import ast

from nnlint.fixing.source import BLANK, Edit, Source, Unfit
from nnlint.repair import Where

COMPOUND = (
    *(ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.If),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)


def inserted(source: Source, statement: ast.stmt, code: str, where: Where) -> Edit:
    """A new statement beside one that is there."""
    if where is Where.INSIDE:
        return _before(source, _first_inside(statement), code)
    return _before(source, statement, code) if where is Where.BEFORE else _after(source, statement, code)


def _first_inside(statement: ast.stmt) -> ast.stmt:
    if not isinstance(statement, COMPOUND):
        raise Unfit
    first = statement.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return statement.body[1] if documented and len(statement.body) > 1 else first


def start_of(source: Source, statement: ast.stmt) -> int:
    """Where a statement begins, with its decorators."""
    decorators = getattr(statement, "decorator_list", None)
    if not decorators:
        return source.span(statement)[0]
    return source.text.rindex("@", 0, source.span(decorators[0])[0])


def _before(source: Source, statement: ast.stmt, code: str) -> Edit:
    start = start_of(source, statement)
    if not source.leads(start):
        return Edit(start, start, f"{code}; ")
    begin, _ = source.line_of(start)
    return Edit(begin, begin, f"{source.indent_of(start)}{code}{source.newline_at(start)}")


def _after(source: Source, statement: ast.stmt, code: str) -> Edit:
    start, end = start_of(source, statement), source.span(statement)[1]
    _, line_end = source.line_of(end)
    following = source.after(end)
    if not source.leads(start) or (following is not None and following.start < line_end):
        if isinstance(statement, COMPOUND):
            raise Unfit
        return Edit(end, end, f"; {code}")
    line = f"{source.indent_of(start)}{code}"
    newline = source.newline_at(end)
    if source.text[:line_end].endswith(("\n", "\r")):
        return Edit(line_end, line_end, line + newline)
    return Edit(line_end, line_end, newline + line)


def removed(source: Source, statement: ast.stmt) -> Edit:
    """A simple statement is taken out; its comments stay."""
    if isinstance(statement, COMPOUND):
        raise Unfit
    start, end = source.span(statement)
    if len(source.siblings(statement)) == 1:
        return Edit(start, end, "pass")
    begin, _ = source.line_of(start)
    after = source.after(end)
    semicolon = after is not None and after.text == ";"
    stop = after.end if after is not None and semicolon else end
    _, line_end = source.line_of(stop)
    following = source.after(stop)
    alone = following is None or following.start >= line_end
    if source.leads(start) and alone:
        indent, newline = source.indent_of(start), source.newline_at(start)
        comments = source.comments_in(start, line_end)
        return Edit(begin, line_end, "".join(f"{indent}{comment}{newline}" for comment in comments))
    if alone:  # the last one of its line
        before = source.before(start)
        first = before.start if before is not None and before.text == ";" else start
        return Edit(first, end, "")
    while source.text[stop] in BLANK:
        stop += 1
    return Edit(start, stop, "")


def moved(source: Source, statement: ast.stmt, to: ast.stmt, where: Where) -> list[Edit]:
    """A simple statement that has its lines for itself goes elsewhere, comment included."""
    start, end = source.span(statement)
    begin, line_end = source.line_of(start)[0], source.line_of(end)[1]
    following = source.after(end)
    alone = source.leads(start) and (following is None or following.start >= line_end)
    if isinstance(statement, COMPOUND) or not alone or len(source.siblings(statement)) == 1:
        raise Unfit
    text = source.text[start:line_end].rstrip()
    return [Edit(begin, line_end, ""), inserted(source, to, text, where)]


def hoisted(source: Source, statement: ast.stmt, comments: list[str]) -> list[Edit]:
    """Comments that would be lost stand in front of the statement that they were in."""
    begin, _ = source.line_of(start_of(source, statement))
    indent, newline = source.indent_of(begin), source.newline_at(begin)
    text = "".join(f"{indent}{comment}{newline}" for comment in comments)
    return [Edit(begin, begin, text)] if comments else []
