"""One Python text (a file, or a cell of a notebook) with what stands where, by offset of characters."""

from __future__ import annotations

import ast
import io
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.lines import END_OF_LINE

Span = tuple[int, int]
BLANK = " \t\f"
SPACE = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


class Unfit(Exception):
    """The repair does not fit what stands at its place."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the text that is neither space nor comment."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """``text`` as it is written, ``tree`` of it (IPython's commands read as ``pass``)."""

    text: str
    tree: ast.Module
    readable: str  # the text of which ``tree`` was made; line by line it corresponds to ``text``

    # where nodes stand

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(m.end() for m in END_OF_LINE.finditer(self.text))]

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _expressions(self) -> dict[Span, ast.expr]:
        """The outermost expression of each span."""
        found: dict[Span, ast.expr] = {}
        for node in _outside_strings(self.tree):
            if isinstance(node, ast.expr):
                found.setdefault(self.span(node), node)
        return found

    def span(self, node: ast.AST) -> Span:
        """Where a node begins and ends."""
        start = self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _offset(self, line: int, column: int) -> int:
        # ast counts UTF-8 bytes
        begin = self._lines[line - 1]
        if self.text.isascii():
            return begin + column
        end = self._lines[line] if line < len(self._lines) else len(self.text)
        return begin + len(self.text[begin:end].encode()[:column].decode(errors="ignore"))

    def place(self, path: str, cell: int, start: int, end: int) -> Place:
        """The place of a span; lines and columns count from 1."""
        first, last = bisect_right(self._lines, start), bisect_right(self._lines, end)
        return Place(
            path,
            first,
            start - self._lines[first - 1] + 1,
            last,
            end - self._lines[last - 1] + 1,
            cell=cell,
        )

    def offsets(self, place: Place) -> Span:
        """The span of a place. Raises Unfit when the text has no such lines."""
        if not (0 < place.line <= place.end_line <= len(self._lines)):
            raise Unfit
        start = self._lines[place.line - 1] + place.column - 1
        return start, self._lines[place.end_line - 1] + place.end_column - 1

    def code(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def parent(self, node: ast.AST) -> ast.AST:
        """The node around a node."""
        return self._parents[node]

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The node and all around it, innermost first."""
        current: ast.AST | None = node
        while current is not None:
            yield current
            current = self._parents.get(current)

    # what stands at a place

    def expression(self, place: Place) -> ast.expr:
        """The expression that stands exactly there."""
        node = self._expressions.get(self.offsets(place))
        if node is None:
            raise Unfit
        return node

    def call(self, place: Place) -> ast.Call:
        """The call that stands exactly there."""
        node = self.expression(place)
        if isinstance(node, ast.Await):
            node = node.value
        if not isinstance(node, ast.Call):
            raise Unfit
        return node

    def statement(self, place: Place) -> ast.stmt:
        """The innermost statement around the place."""
        start, end = self.offsets(place)
        found: ast.stmt | None = None
        for node in ast.walk(self.tree):  # outer nodes come before inner ones
            if isinstance(node, ast.stmt):
                first, last = self.span(node)
                decorators = getattr(node, "decorator_list", None)
                first = self.span(decorators[0])[0] if decorators else first
                if first <= start and end <= last:
                    found = node
        if found is None:
            raise Unfit
        return found

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement around a node."""
        return next(n for n in self.around(node) if isinstance(n, ast.stmt))

    def siblings(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of the suite that a statement stands in."""
        parent = self.parent(statement)
        for name in ("body", "orelse", "finalbody"):
            suite = getattr(parent, name, None)
            if isinstance(suite, list) and statement in suite:
                return suite
        raise Unfit

    # tokens and lines

    @cached_property
    def _all_tokens(self) -> list[tuple[int, Token]]:
        lines = [line + "\n" for line in END_OF_LINE.split(self.readable)]
        found = []
        try:
            for token in tokenize.generate_tokens(io.StringIO("".join(lines), newline="\n").readline):
                (line, column), (end_line, end_column) = token.start, token.end
                if token.type not in SPACE and max(line, end_line) <= len(self._lines):
                    start = self._lines[line - 1] + column
                    end = self._lines[end_line - 1] + end_column
                    found.append((token.type, Token(start, end, token.string)))
        except (tokenize.TokenError, SyntaxError):
            raise Unfit from None
        return found

    @cached_property
    def tokens(self) -> list[Token]:
        """Everything but space and comments."""
        return [token for kind, token in self._all_tokens if kind != tokenize.COMMENT]

    @cached_property
    def comments(self) -> list[Token]:
        """All comments."""
        return [token for kind, token in self._all_tokens if kind == tokenize.COMMENT]

    def comments_in(self, start: int, end: int) -> list[str]:
        """The comments between two offsets."""
        if "#" not in self.text[start:end]:
            return []
        return [c.text for c in self.comments if start <= c.start < end]

    def after(self, offset: int) -> Token | None:
        """The first token that begins at an offset or behind it."""
        index = bisect_right(self.tokens, offset - 1, key=lambda t: t.start)
        return self.tokens[index] if index < len(self.tokens) else None

    def before(self, offset: int) -> Token | None:
        """The last token that ends at an offset or in front of it."""
        index = bisect_right(self.tokens, offset, key=lambda t: t.end)
        return self.tokens[index - 1] if index else None

    def line_of(self, offset: int) -> Span:
        """The line around an offset, with its end."""
        index = bisect_right(self._lines, offset)
        return self._lines[index - 1], self._lines[index] if index < len(self._lines) else len(self.text)

    def leads(self, offset: int) -> bool:
        """Nothing stands before it on its line, or on one that a backslash goes on from."""
        begin, _ = self.line_of(offset)
        continued = self.text[:begin].rstrip("\r\n").endswith("\\") if begin else False
        return not continued and not self.text[begin:offset].strip(BLANK)

    def indent_of(self, offset: int) -> str:
        """The white space that the line of an offset begins with."""
        begin, end = self.line_of(offset)
        line = self.text[begin:end]
        return line[: len(line) - len(line.lstrip(BLANK))]

    def newline_at(self, offset: int) -> str:
        """The end of the line around an offset; of another line where it is the last one."""
        begin, end = self.line_of(offset)
        match = END_OF_LINE.search(self.text, begin, end) or END_OF_LINE.search(self.text)
        return match[0] if match else "\n"


def _outside_strings(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but those in f-strings, whose positions older Pythons get wrong; outer ones first."""
    queue: list[ast.AST] = [tree]
    for node in queue:
        yield node
        if not isinstance(node, ast.JoinedStr):
            queue += ast.iter_child_nodes(node)


def apply(text: str, edits: list[Edit]) -> str:
    """The text after all edits, which do not overlap."""
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
