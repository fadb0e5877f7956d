"""What an editor has open: Python files, and notebooks as the cells that it shows."""

from __future__ import annotations

import io
import json
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

from pygls.uris import from_fs_path, to_fs_path

from nnlint.dataclass import dataclass
from nnlint.discover import SKIPPED
from nnlint.lines import lines_of

SUFFIX, NOTEBOOK = ".py", ".ipynb"


@dataclass(frozen=True)
class Sheet:
    """A text that an editor shows: a file, or a code cell of a notebook. ``version`` None: not open."""

    uri: str
    version: int | None
    text: str


@dataclass(frozen=True)
class Document:
    """A file with the texts of it that were open at one time; for a notebook one a code cell."""

    uri: str
    path: Path
    sheets: tuple[Sheet, ...]

    @property
    def is_notebook(self) -> bool:
        """Whether it has cells."""
        return self.path.suffix == NOTEBOOK

    def sheet(self, cell: int) -> Sheet | None:
        """The text that places with this cell, 0 in a file, speak of."""
        number = max(cell - 1, 0)
        return self.sheets[number] if number < len(self.sheets) else None

    def cell_of(self, uri: str) -> int | None:
        """The number of the cell with this address, 0 in a file; None when it is not of this document."""
        for number, sheet in enumerate(self.sheets, 1):
            if sheet.uri == uri:
                return number if self.is_notebook else 0
        return None

    @property
    def data(self) -> bytes:
        """The file as it would be saved, as far as it matters to nnlint."""
        if not self.is_notebook:
            return _encoded(self.sheets[0].text)
        cells = [{"cell_type": "code", "source": sheet.text} for sheet in self.sheets]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _encoded(text: str) -> bytes:
    """In the encoding that the text declares; what has no place in it keeps its width."""
    data = text.encode("utf-8", "replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data if encoding.startswith("utf-8") else text.encode(encoding, "replace")
    except (SyntaxError, LookupError, UnicodeError):
        return data


def path_of(uri: str) -> Path | None:
    """The file at an address, None for what is no file of Python source, or of others than the user."""
    if not uri.startswith(("file:", "untitled:")):
        return None  # the old side of a diff has the same text at the same path
    try:
        text = to_fs_path(uri) if uri.startswith("file:") else f"{uri.removeprefix('untitled:')}{SUFFIX}"
        path = Path(text or "").absolute()
    except ValueError:
        return None
    return path if path.suffix in (SUFFIX, NOTEBOOK) and "\0" not in str(path) else None


def is_foreign(path: Path, roots: Iterable[str]) -> bool:
    """Whether a file lies in a folder of installed or generated code."""
    parts = next((path.relative_to(r).parts for r in roots if path.is_relative_to(r)), path.parts)
    return not SKIPPED.isdisjoint(parts)


def uri_of(path: str) -> str:
    """The address of a file."""
    return from_fs_path(str(Path(path).absolute())) or ""


def overlay(documents: Iterable[Document]) -> dict[Path, bytes]:
    """The texts by file, to be read in its stead."""
    return {document.path.resolve(): document.data for document in documents}


def text_of(path: str, cell: int, documents: Mapping[Path, Document]) -> Sheet:
    """The text of a file, or of a cell: as it is open, else as it is stored."""
    document = documents.get(Path(path).resolve())
    sheet = document.sheet(cell) if document else None
    return sheet or Sheet(uri_of(path), None, "\n".join(lines_of(path, cell)))
