"""A large JSON object, element by element: memory holds one element of its arrays at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nnlint.readers.data.tables import Malformed, shortened

CHUNK = 1 << 20
LONGEST = 64 << 20
"""Characters of one element beyond which it is none."""

SPACE = " \t\r\n"


def elements(path: Path) -> Iterator[tuple[str, object]]:
    """The key and each element of the arrays of a JSON object; values that are no arrays whole.

    Raises Malformed.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _members(_Text(file))
    except (ValueError, RecursionError, OSError) as error:
        raise Malformed(f"not JSON: {shortened(error)}") from None


def _members(text: _Text) -> Iterator[tuple[str, object]]:
    text.take("{")
    while text.next() != "}":
        key = text.value()
        if not isinstance(key, str):
            raise Malformed("not JSON: a key is no text")
        text.take(":")
        if text.next() != "[":
            yield key, text.value()
        else:
            text.take("[")
            while text.next() != "]":
                yield key, text.value()
                text.comma("]")
            text.take("]")
        text.comma("}")


class _Text:
    """The rest of a file, as far as it was read."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._text, self._at, self._ended = file, "", 0, False
        self._decoder = json.JSONDecoder()

    def next(self) -> str:
        """The next character that is no space, which is not taken; "" never: the end is a mistake here."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise Malformed("not JSON: the file ends too early")

    def take(self, wanted: str) -> None:
        """Pass over a character that must come."""
        if self.next() != wanted:
            raise Malformed(f"not JSON: '{wanted}' expected")
        self._at += 1

    def comma(self, end: str) -> None:
        """Pass over a comma, which must be there unless ``end`` is."""
        if self.next() != end:
            self.take(",")

    def value(self) -> object:
        """Pass over a value and give it."""
        self.next()
        while True:
            try:
                found, at = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            if at < len(self._text) or not self._more():  # a number may go on in what was not read
                self._at = at
                value: object = found
                return value

    def _more(self) -> bool:
        """Read on, more at a time the longer the value is."""
        left = len(self._text) - self._at
        if self._ended or left > LONGEST:
            return False
        chunk = self._file.read(max(CHUNK, left))
        self._ended = not chunk
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)
