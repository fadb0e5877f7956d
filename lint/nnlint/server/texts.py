"""The texts that an editor has open, kept as it says that they change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lsprotocol.types import TextDocumentContentChangeEvent, TextDocumentContentChangePartial

from nnlint.dataclass import dataclass
from nnlint.fixing.source import Edit, apply
from nnlint.server.documents import NOTEBOOK, Document, Sheet, path_of
from nnlint.server.positions import Encoding, Positions


@dataclass
class Open:
    """A file that is open: the addresses of its texts, for a notebook of the code cells in order."""

    path: Path
    uris: Sequence[str]


class Texts:
    """All that is open, by address."""

    def __init__(self) -> None:
        self._sheets: dict[str, Sheet] = {}
        self._open: dict[str, Open] = {}

    def put(self, uri: str, version: int | None, text: str) -> None:
        """A text as it is now."""
        self._sheets[uri] = Sheet(uri, version, text)

    def open_file(self, uri: str) -> bool:
        """A file is open whose text has been put; False when nnlint does not read such files."""
        path = path_of(uri)
        if path is None or path.suffix == NOTEBOOK:  # a notebook as a text is JSON
            self._sheets.pop(uri, None)
            return False
        self._open[uri] = Open(path, (uri,))
        return True

    def open_notebook(self, uri: str, cells: Iterable[str]) -> bool:
        """A notebook is open, or has other cells than before."""
        path = path_of(uri)
        if path is None or path.suffix != NOTEBOOK:
            return False
        self._open[uri] = Open(path, tuple(cells))
        return True

    def change(
        self,
        uri: str,
        version: int | None,
        changes: Iterable[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> None:
        """A text changes, as a whole or in parts."""
        if uri not in self._sheets:
            return
        text = self._sheets[uri].text
        for change in changes:
            text = _changed(text, change, encoding)
        self.put(uri, version, text)

    def close(self, uri: str) -> Sequence[str]:
        """A file is closed; gives the addresses of its texts."""
        closed = self._open.pop(uri, None)
        for sheet in closed.uris if closed else (uri,):
            self._sheets.pop(sheet, None)
        return closed.uris if closed else ()

    def owner(self, uri: str) -> str:
        """The address of the file that a text belongs to."""
        return next((owner for owner, file in self._open.items() if uri in file.uris), uri)

    def document(self, uri: str) -> Document | None:
        """A file as it is now."""
        file = self._open.get(uri)
        if file is None:
            return None
        sheets = (self._sheets.get(u) or Sheet(u, None, "") for u in file.uris)
        return Document(uri, file.path, tuple(sheets))

    def documents(self) -> Iterator[Document]:
        """All that is open."""
        for uri in self._open:
            document = self.document(uri)
            if document is not None:
                yield document


def _changed(text: str, change: TextDocumentContentChangeEvent, encoding: Encoding) -> str:
    if not isinstance(change, TextDocumentContentChangePartial):
        return change.text
    positions = Positions(text, encoding)
    start, end = positions.offset(change.range.start), positions.offset(change.range.end)
    return apply(text, [Edit(min(start, end), max(start, end), change.text)])
