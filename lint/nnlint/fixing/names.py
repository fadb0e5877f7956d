"""How a file calls a name of a library, and the import that it needs where it has no way to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nnlint.fixing.source import Edit, Source, Unfit

SAME = {"tensorflow.keras": "keras", "tensorflow.python.keras": "keras"}
"""Two names of one library."""


def bindings(source: Source) -> dict[str, str]:
    """Names that imports at the top level bind -> what they stand for."""
    found: dict[str, str] = {}
    for statement in _top_level(source.tree.body):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                root = alias.name.partition(".")[0]
                found[alias.asname or root] = _common(alias.name if alias.asname else root)
        elif isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            for alias in statement.names:
                found[alias.asname or alias.name] = _common(f"{statement.module}.{alias.name}")
    return found


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.Try | ast.If):
            yield from _top_level(statement.body)


def _common(name: str) -> str:
    for long, short in SAME.items():
        if name == long or name.startswith(long + "."):
            return short + name[len(long) :]
    return name


def called(name: str, sources: list[Source]) -> str | None:
    """The shortest way by which imports of the file reach a qualified name; None without any."""
    bound = {local: full for source in sources for local, full in bindings(source).items()}
    ways = [local + name[len(full) :] for local, full in bound.items() if f"{name}.".startswith(f"{full}.")]
    if name.startswith("keras."):
        ways += [f"{local}.{name}" for local, full in bound.items() if full == "tensorflow"]
    return min(ways, key=lambda way: (way.count("."), len(way)), default=None)


def importing(name: str, source: Source) -> Edit:
    """``from X import Y`` behind the imports of the same library, which must be there."""
    module, _, attribute = name.rpartition(".")
    root = name.partition(".")[0]
    last: ast.stmt | None = None
    for statement in source.tree.body:
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            names = [statement.module or ""]
        else:
            continue
        if any(n.partition(".")[0] == root for n in names):
            last = statement
    if last is None:
        raise Unfit
    _, end = source.span(last)
    _, line_end = source.line_of(end)
    following = source.after(end)
    if following is not None and following.start < line_end:
        raise Unfit  # another statement on its line
    newline = source.newline_at(end)
    line = f"from {module} import {attribute}"
    closed = source.text[:line_end].endswith(("\n", "\r"))
    return Edit(line_end, line_end, line + newline if closed else newline + line)
