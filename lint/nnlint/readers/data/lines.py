"""Text files before they are taken apart: their encoding, their lines, and what makes them no text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern
from nnlint.readers.data.packed import unpacked
from nnlint.readers.data.tables import Malformed

HEAD_BYTES = 64 << 10
HEAD_LINES = 5
"""Lines that are looked at however long they are."""

CHUNK = 1 << 20

CONVERTED_BYTES = 256 << 20
"""Files up to this size are brought into UTF-8 in memory where they are in another encoding."""

LONGEST_LINE = 64 << 20
"""Bytes of a line; no table has more in one."""

BINARY = 0.1
"""Share of control characters from which a file is no text."""

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MULTIBYTE = pattern(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class Text:
    """A text file. ``data``: its content where it is not read as it stands on disk, in UTF-8.

    ``valid``: it is UTF-8 throughout. ``newlines``, ``quotes``: line breaks and quotation marks. ``blank``:
    there are empty lines.
    """

    path: Path
    data: bytes | None
    head: str
    newlines: int
    quotes: int
    blank: bool
    valid: bool

    @property
    def size(self) -> int:
        """Bytes to be read."""
        return self.path.stat().st_size if self.data is None else len(self.data)

    def lines(self) -> io.TextIOWrapper:
        """The text from the beginning."""
        raw = self.path.open("rb") if self.data is None else io.BytesIO(self.data)
        return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


def text_of(path: Path) -> Text:
    """A file as text, unpacked and in UTF-8. Raises Malformed for what is no text."""
    data = unpacked(path)
    head = data[:HEAD_BYTES] if data is not None else _head(path)
    if not head.strip():
        raise Malformed("the file is empty")
    encoding = _wide(head)
    if encoding:
        data = _converted(_whole(path, data, encoding.upper()), encoding)
        head = data[:HEAD_BYTES]
    _check(head)
    if b"\r" in head and b"\n" not in head:
        data = _whole(path, data, "a file with the line ends of old Macs").replace(b"\r", b"\n")
    text = _surveyed(path, data)
    if text.valid or text.size > CONVERTED_BYTES:
        return text
    return _surveyed(path, _latin(_whole(path, data, "")))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _whole(path: Path, data: bytes | None, what: str) -> bytes:
    if data is not None:
        return data
    if path.stat().st_size > CONVERTED_BYTES:
        raise Malformed(f"{what} of more than 256 MB; save it as UTF-8")
    return path.read_bytes()


def _wide(head: bytes) -> str:
    """The encoding of two or four bytes a character, by its mark or by its zeros; "" when it is none."""
    marked = next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), "")
    if marked:
        return marked
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.01 * len(head):
        return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _converted(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeError as error:
        raise Malformed(f"not valid {encoding.upper()} text: {error.__class__.__name__}") from None


def _check(head: bytes) -> None:
    text = head.decode("utf-8-sig", errors="replace")
    odd = sum(ord(c) < 32 and c not in "\t\n\r\f" for c in text)
    broken = text.count("\ufffd")
    letters = sum(b >= 0xA0 for b in head) if broken else 0  # of an encoding of one byte a character
    if odd > 0.01 * len(text) + 2 or max(0, broken - letters) > BINARY * len(text):
        raise Malformed("binary content, not text")
    start = text.lstrip().lower()
    if start.startswith(("<!doctype html", "<html")):
        raise Malformed("a web page, not a table; the download went wrong")


def _surveyed(path: Path, data: bytes | None) -> Text:
    """One pass over the bytes: line breaks, zero bytes, over-long lines, encoding. Raises Malformed."""
    decoder, valid = codecs.getincrementaldecoder("utf-8")(), True
    newlines, quotes, length, blank, last = 0, 0, 0, False, b""
    for chunk in _chunks(path, data):
        if b"\0" in chunk:
            line = newlines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise Malformed("a zero byte within the text: the file is damaged", line)
        length, longest = _lengths(chunk, length)
        if longest > LONGEST_LINE:
            raise Malformed(f"a line of more than {LONGEST_LINE >> 20} MB: no table", newlines + 1)
        joint = last + chunk
        blank = blank or b"\n\n" in joint or b"\n\r\n" in joint
        newlines, quotes, last = newlines + chunk.count(b"\n"), quotes + chunk.count(b'"'), chunk[-3:]
        if valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                valid = False
    return Text(path, data, _beginning(path, data), newlines + (last[-1:] != b"\n"), quotes, blank, valid)


def _beginning(path: Path, data: bytes | None) -> str:
    """The first lines, whole ones."""
    with path.open("rb") if data is None else io.BytesIO(data) as file:
        head = file.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            return head.decode("utf-8-sig", errors="replace")
        while head.count(b"\n") < HEAD_LINES and (more := file.read(CHUNK)):
            head += more
    return (head[: head.rfind(b"\n") + 1] or head).decode("utf-8-sig", errors="replace")


def _chunks(path: Path, data: bytes | None) -> Iterator[bytes]:
    with path.open("rb") if data is None else io.BytesIO(data) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _lengths(chunk: bytes, length: int) -> tuple[int, int]:
    """Length of the line that the chunk ends in, and of the longest that is seen to end or go on in it."""
    first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
    if first < 0:
        return length + len(chunk), length + len(chunk)
    return len(chunk) - last - 1, length + first


def _latin(data: bytes) -> bytes:
    """Text of one byte a character, all of it or some lines, in UTF-8: different texts stay different."""
    beyond = sum(b >= 0x80 for b in data[:CHUNK])
    valid = sum(len(m) for m in MULTIBYTE.findall(data[:CHUNK]))
    if valid > 0.2 * beyond:
        return b"\n".join(_line(line) for line in data.split(b"\n"))
    return _line(data)


def _line(line: bytes) -> bytes:
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            return line.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return line
