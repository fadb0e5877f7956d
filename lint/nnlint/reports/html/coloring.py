"""What each part of a line of Python is: for colours in code frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from pygments.lexers.python import PythonLexer
from pygments.token import Token, _TokenType

from nnlint.lines import lines_of

Span = tuple[int, int, str]
"""First character, one past the last, class of the style sheet."""

STYLES: Mapping[_TokenType, str] = {
    Token.Keyword: "k",
    Token.Operator.Word: "k",
    Token.Literal.String: "s",
    Token.Literal.Number: "n",
    Token.Comment: "c",
    Token.Name.Function: "f",
    Token.Name.Class: "f",
    Token.Name.Decorator: "f",
    Token.Name.Builtin: "b",
}
PYTHON = (".py", ".pyi", ".ipynb")

MOST = 1_500_000
"""Characters that are coloured in a report, about a second of work; what is beyond is shown plain."""


class Coloring:
    """Colours the lines of files, each file once and as a whole: a line may lie within a string."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most
        self._known: dict[tuple[str, int], Sequence[Sequence[Span]]] = {}

    def of(self, path: str, cell: int, line: int) -> Sequence[Span]:
        """The spans of a line, counted from 1, in order."""
        key = (path, cell)
        if key not in self._known:
            self._known[key] = self._colored(path, cell)
        spans = self._known[key]
        return spans[line - 1] if line <= len(spans) else ()

    def _colored(self, path: str, cell: int) -> Sequence[Sequence[Span]]:
        lines = lines_of(path, cell) if PurePath(path).suffix in PYTHON else ()
        length = sum(map(len, lines))
        if length > self._left:
            return ()
        self._left -= length
        found: list[list[Span]] = [[] for _ in lines]
        for line, span in _spans("\n".join(lines)):
            found[line].append(span)
        return found


def _spans(text: str) -> Iterator[tuple[int, Span]]:
    line = column = 0
    for _, kind, value in PythonLexer().get_tokens_unprocessed(text):
        style = _style(kind)
        for number, piece in enumerate(value.split("\n")):
            if number:
                line, column = line + 1, 0
            if piece and style:
                yield line, (column, column + len(piece), style)
            column += len(piece)


def _style(kind: _TokenType | None) -> str:
    """The class of a token's type, or of the nearest type above it."""
    while kind is not None:
        if kind in STYLES:
            return STYLES[kind]
        kind = kind.parent
    return ""
