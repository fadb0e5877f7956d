"""Configurations that programs keep in files beside them: JSON, TOML, and the part of YAML that they use.

YAML is read line by line: mappings and lists by indentation, ``[1, 2]`` and ``{a: 1}`` on one line, and plain
or quoted scalars. What uses more of it (anchors, tags, texts of several lines) is not read at all.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern

SUFFIXES = (".yaml", ".yml", ".json", ".toml")
LARGEST = 65_536
"""Bytes of a configuration; what is larger is data."""
DEEPEST = 20

COMPUTED = object()
"""A value that something else decides: ``${model.width}``."""

Line = tuple[int, str]
"""How far a line is indented, and its text."""


class NotRead(Exception):
    """The file is no configuration, or uses more of its format than is understood."""


def parse(data: bytes, suffix: str, *, lenient: bool = False) -> Any:
    """The content of a configuration. ``lenient``: ``1e-3`` is a number, as for OmegaConf; for YAML 1.1, as
    PyYAML reads it, it is a text. Raises NotRead.
    """
    try:
        text = data.decode("utf-8-sig")
        if suffix == ".json":
            return json.loads(text)
        if suffix == ".toml":
            return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotRead(str(error)) from error
    return _Yaml(_lines(text), EXPONENT if lenient else FLOAT).document()


FLOAT = pattern(r"[-+]?(\d[\d_]*\.\d*([eE][-+]\d+)?|\.\d+([eE][-+]\d+)?)")
EXPONENT = pattern(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
INTEGER = pattern(r"[-+]?(0|[1-9][\d_]*)")
KEY = pattern(r"""("[^"]*"|'[^']*'|[\w.@/\-]+)\s*:(?:\s+(.*)|$)""")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "on", "On"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "off", "Off"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
MARKS = tuple("&*!|>@`%")
"""Characters with which YAML begins what is more than a scalar."""


def _lines(text: str) -> list[Line]:
    found: list[Line] = []
    for line in text.splitlines():
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise NotRead("tabs")
        plain = _without_comment(line).rstrip()
        if plain.strip() and not (not found and plain == "---"):
            found.append((len(plain) - len(plain.lstrip()), plain.lstrip()))
    return found


def _without_comment(line: str) -> str:
    quote = ""
    for n, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#" and (n == 0 or line[n - 1].isspace()):
            return line[:n]
    return line


@dataclass
class _Yaml:
    """Lines that are read one after the other."""

    lines: list[Line]
    number: re.Pattern[str]
    at: int = 0
    depth: int = 0

    def document(self) -> Any:
        value = self.block(self.lines[0][0]) if self.lines else {}
        if self.at < len(self.lines):
            raise NotRead("indentation")
        return value

    def block(self, indent: int) -> Any:
        """The mapping or list of the lines that are indented so far."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotRead("too deep")
        listed = self.lines[self.at][1].startswith(("- ", "-\n")) or self.lines[self.at][1] == "-"
        value = self.listing(indent) if listed else self.mapping(indent)
        self.depth -= 1
        return value

    def listing(self, indent: int) -> list[Any]:
        found = []
        while self.at < len(self.lines) and self.lines[self.at][0] == indent:
            text = self.lines[self.at][1]
            if text != "-" and not text.startswith("- "):
                break
            rest = text[1:].lstrip()
            if rest and KEY.fullmatch(rest):  # ``- name: value`` begins a mapping
                inner = indent + len(text) - len(rest)
                self.lines[self.at] = (inner, rest)
                found.append(self.block(inner))
            else:
                self.at += 1
                found.append(self.scalar(rest) if rest else self.nested(indent))
        return found

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.at < len(self.lines) and self.lines[self.at][0] == indent:
            match = KEY.fullmatch(self.lines[self.at][1])
            if match is None:
                raise NotRead(self.lines[self.at][1])
            key, rest = match[1].strip("\"'"), (match[2] or "").strip()
            self.at += 1
            found[key] = self.scalar(rest) if rest else self.nested(indent)
        return found

    def nested(self, indent: int) -> Any:
        """What stands below a key or a dash; a list may stand as far left as its key."""
        if self.at >= len(self.lines):
            return None
        inner, text = self.lines[self.at]
        below = inner > indent or (inner == indent and text.startswith("- "))
        return self.block(inner) if below else None

    def scalar(self, text: str) -> Any:
        if text[0] in "[{":
            value, rest = self.flow(text, 0)
            if rest.strip():
                raise NotRead(text)
            return value
        return self.plain(text)

    def plain(self, text: str) -> Any:
        if text.startswith(MARKS):
            raise NotRead(text)
        if text[:1] in ("'", '"'):
            if len(text) < 2 or text[-1] != text[0] or "\\" in text:
                raise NotRead(text)
            return COMPUTED if "${" in text else text[1:-1]
        if "${" in text:
            return COMPUTED
        if text in WORDS:
            return WORDS[text]
        if INTEGER.fullmatch(text):
            return int(text.replace("_", ""))
        return float(text.replace("_", "")) if self.number.fullmatch(text) else text

    def flow(self, text: str, depth: int) -> tuple[Any, str]:
        """A list or mapping on one line, and what comes behind it."""
        closing, rest = {"[": "]", "{": "}"}[text[0]], text[1:].lstrip()
        items: list[Any] = []
        while not rest.startswith(closing):
            if not rest or depth > DEEPEST:
                raise NotRead(text)
            item, rest = self.part(rest, depth, named=closing == "}")
            items.append(item)
            rest = rest.removeprefix(",").lstrip() if rest.startswith(",") else rest
        return (dict(items) if closing == "}" else items), rest[1:].lstrip()

    def part(self, text: str, depth: int, *, named: bool) -> tuple[Any, str]:
        if named:
            key, colon, rest = text.partition(":")
            if not colon:
                raise NotRead(text)
            value, rest = self.part(rest.lstrip(), depth, named=False)
            return (key.strip().strip("\"'"), value), rest
        if text[:1] in ("[", "{"):
            return self.flow(text, depth + 1)
        match = PART.match(text)
        if match is None or not match[0]:
            raise NotRead(text)
        return self.plain(match[0].strip()), text[match.end() :].lstrip()


PART = pattern(r"""("[^"]*"|'[^']*'|[^,\[\]{}]*)\s*""")
