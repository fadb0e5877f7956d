"""Files that may be rewritten: source files, and notebooks whose JSON stays as it is outside of the cells."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.fixing import notebooks
from nnlint.fixing.source import Edit, Source, Unfit, apply
from nnlint.readers.source.files.text import without_magics

Edits = Mapping[int, list[Edit]]
"""By cell, 0 in a file."""


@dataclass(frozen=True)
class SourceFile:
    """A Python file or notebook as it was read. Raises Unfit where it cannot be written as it came."""

    path: str
    data: bytes

    @cached_property
    def is_notebook(self) -> bool:
        """Whether it has cells."""
        return self.path.endswith(".ipynb")

    @cached_property
    def _text(self) -> tuple[str, str]:
        """The text and its encoding."""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
            text = self.data.decode(encoding)
            if text.encode(encoding) != self.data:
                raise Unfit
        except (SyntaxError, LookupError, UnicodeError):
            raise Unfit from None
        return text, encoding

    @cached_property
    def _cells(self) -> tuple[notebooks.Cell, ...]:
        return notebooks.cells(self.data)

    @cached_property
    def sources(self) -> dict[int, Source]:
        """What can be parsed, by cell; 0 in a file."""
        texts = {n: c.text for n, c in enumerate(self._cells, 1)} if self.is_notebook else {0: self._text[0]}
        found = {n: _source(text, cell=bool(n)) for n, text in texts.items()}
        return {n: source for n, source in found.items() if source is not None}

    def source(self, cell: int) -> Source:
        """The text that places in a cell speak of. Raises Unfit."""
        if cell not in self.sources:
            raise Unfit
        return self.sources[cell]

    def edited(self, edits: Edits) -> bytes:
        """The file with edits, checked to be Python still. Raises Unfit when it is not."""
        texts = {cell: apply(self.source(cell).text, list(some)) for cell, some in edits.items()}
        if any(_source(text, cell=bool(cell)) is None for cell, text in texts.items()):
            raise Unfit
        if self.is_notebook:
            return notebooks.rewritten(self.data, self._cells, texts)
        text, encoding = texts.get(0, self._text[0]), self._text[1]
        try:
            return text.encode(encoding)
        except UnicodeError:
            raise Unfit from None


def _source(text: str, *, cell: bool) -> Source | None:
    """The text with its tree, None when it is no Python."""
    readable = "\n".join(without_magics(text)) if cell else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Source(text, ast.parse(readable), readable)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read(path: Path, overlay: Mapping[Path, bytes]) -> SourceFile:
    """The file with what stands in it now, or in its stead. Raises Unfit when it cannot be read."""
    data = overlay.get(path.resolve())
    try:
        return SourceFile(str(path), path.read_bytes() if data is None else data)
    except OSError:
        raise Unfit from None
