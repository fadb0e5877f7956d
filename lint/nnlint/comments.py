"""The comments ``# nnlint: ...`` of a source file or notebook, with the lines that each speaks about."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.lines import cells_of, lines_in
from nnlint.pattern import pattern

MARKER = b"nnlint:"
COMMENT = pattern(r"#\s*nnlint:\s*([A-Za-z][\w-]*)\s*(?:\[([^\]]*)\])?")
LINE, FILE = "ignore", "ignore-file"
MAGIC = pattern(r"^\s*[%!?]")
NO_CODE = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)


@dataclass(frozen=True)
class Comment:
    """One comment. ``lines``: first and last line it speaks about; for a file-wide one without meaning."""

    place: Place
    directive: str
    selectors: tuple[str, ...]
    lines: tuple[int, int]


def comments_of(path: str, overlay: Mapping[Path, bytes] | None = None) -> list[Comment]:
    """Every comment to nnlint in the file, none when it cannot be read. ``overlay`` has precedence over it.

    A comment behind code speaks about its line, and at the end of a statement about the whole statement;
    on a line of its own it speaks about the statement that follows.
    """
    try:
        changed = overlay.get(Path(path).resolve()) if overlay else None
        data = looks.read(Path(path)) if changed is None else changed
    except OSError:
        return []
    if MARKER not in data:
        return []
    if not path.endswith(".ipynb"):
        return list(_comments(path, lines_in(data), 0))
    cells = range(1, len(cells_of(data)) + 1)
    return [comment for cell in cells for comment in _comments(path, lines_in(data, cell), cell)]


def _comments(path: str, lines: tuple[str, ...], cell: int) -> Iterator[Comment]:
    tokens = list(_tokens(["pass" if cell and MAGIC.match(line) else line for line in lines]))
    for index, token in enumerate(tokens):
        match = COMMENT.search(token.string) if token.type == tokenize.COMMENT else None
        if match and (match[1] in (LINE, FILE) or _meant(match)):
            line, column = token.start
            column += match.start()
            place = Place(path, line, column + 1, line, column + 1 + len(match[0].rstrip()), cell=cell)
            selectors = tuple(s.strip() for s in (match[2] or "").split(",") if s.strip())
            yield Comment(place, match[1], selectors, _speaks_about(tokens, index))


def _meant(match: re.Match[str]) -> bool:
    """Whether an unknown word was meant as a directive rather than as prose."""
    from difflib import get_close_matches

    return match[2] is not None or bool(get_close_matches(match[1].lower(), [LINE, FILE], 1, 0.75))


def _tokens(lines: list[str]) -> Iterator[tokenize.TokenInfo]:
    text = "\n".join(lines) + "\n"
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return  # what stands before the error has been given


def _speaks_about(tokens: list[tokenize.TokenInfo], index: int) -> tuple[int, int]:
    line = tokens[index].start[0]
    begin = _begin(tokens, index)
    trailing = any(t.end[0] == line for t in begin)
    if trailing:
        ends = index + 1 < len(tokens) and tokens[index + 1].type == tokenize.NEWLINE
        return (begin[0].start[0] if ends else line, line)
    following = [t for t in tokens[index + 1 :] if t.type not in NO_CODE][:1]
    if not following:
        return (line, line)
    first = following[0].start[0]
    if begin:  # within a statement: only the next line of it
        return (first, first)
    last = next((t.start[0] for t in tokens[index:] if t.type == tokenize.NEWLINE), first)
    return (first, last)


def _begin(tokens: list[tokenize.TokenInfo], index: int) -> list[tokenize.TokenInfo]:
    """The tokens of the statement before the comment at ``index``; empty between statements."""
    begin: list[tokenize.TokenInfo] = []
    for token in reversed(tokens[:index]):
        if token.type == tokenize.NEWLINE:
            break
        if token.type not in NO_CODE:
            begin.append(token)
    return begin[::-1]
