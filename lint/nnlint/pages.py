"""The pages of the checks for the site of docs/, in Markdown: made from the checks, never written by hand."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePath
from typing import get_args

from nnlint.check import Check
from nnlint.documentation import Example, ExampleFile
from nnlint.finding import Level
from nnlint.pattern import pattern
from nnlint.repair import Fix

FOLDER = "checks"
SECTIONS = ("Why", "Evidence", "Fires", "Silent", "Fix", "Options", "Sources")
"""Headings that every page has, in this order."""

READ_FROM = {
    "nnlint.network.graph": "source and ONNX graphs",
    "nnlint.evidence.onnx": "ONNX graphs",
    "nnlint.evidence.weights": "stored weights",
    "nnlint.evidence.data": "tables, arrays and folders of images",
    "nnlint.evidence.runs": "logs of training",
    "nnlint.evidence.files": "any file",
}
"""Module of a type of evidence -> what it is read from; all others are facts of Python source."""
SOURCE = "Python source and notebooks"

FIXES = {
    None: "This check writes no fix.",
    Fix.SAFE: "Safe: it keeps the intent of the program. `--fix` writes it where it fits the program.",
    Fix.UNSAFE: (
        "Unsafe: it needs a look, since something else may depend on what changes. "
        "`--fix --unsafe-fixes` writes it where it fits the program."
    ),
}
LANGUAGES = {".py": "python", ".csv": "text", ".json": "json", ".toml": "toml"}
GENERATE = "generate"
NAMED = {GENERATE: "data.py, which writes the files"}

FENCE = pattern(r"(^```.*?^```|``.+?``|`[^`\n]+`|\[[^\]]*\]\([^)]*\)|^#.*?$)", re.DOTALL | re.MULTILINE)
CODE = pattern(r"\b[A-Z]{2,4}\d{3}\b")
MARK = pattern(r"#\s*(?:todo-)?(?:error|warning|hint):\s*\[")
SPAN = pattern(r"(``.+?``|`[^`]+`|https?://[^\s,;)]+)", re.DOTALL)
SPECIAL = pattern(r"([\\*_<>\[\]#|~])")


def pages(checks: Sequence[Check]) -> Mapping[str, str]:
    """Path in the site -> text: a page for each check, and their index by family."""
    codes = {check.code for check in checks}
    found = {f"{FOLDER}/index.md": "\n".join(_index(checks)) + "\n"}
    for check in checks:
        found[f"{FOLDER}/{check.code}.md"] = linked("\n".join(page(check)) + "\n", codes - {check.code})
    return found


def page(check: Check) -> Iterator[str]:
    """The rows of a check's page."""
    documentation = check.documentation
    sections = documentation.sections
    yield from (f"# {check.code} {check.name}", "", prose(documentation.summary), "")
    yield from _properties(check)
    yield from _paragraphs(sections.get("about", ""))
    yield from ("## Why", "", *_paragraphs(_capital(sections.get("why", ""))))
    yield from ("## Evidence", "", *_evidence(check), "")
    for heading, examples in (("Fires", documentation.fires), ("Silent", documentation.silent)):
        yield from (f"## {heading}", "")
        for example in examples:
            yield from _example(example)
    yield from ("## Fix", "", FIXES[check.fix], "")
    yield from _paragraphs(sections.get("fix", ""))
    yield from _fixed(documentation.fires)
    yield from ("## Options", "", *_options(check), "")
    if sections.get("limits"):
        yield from ("## Limits", "", *_paragraphs(sections["limits"]))
    yield from ("## Sources", "", *_paragraphs(_capital(sections.get("source", ""))))


def linked(text: str, codes: Iterable[str], folder: str = "") -> str:
    """The text with the codes of checks in its prose as links to their pages, which lie in ``folder``.

    Headings, code and links stay as they are.
    """
    known = set(codes)

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}]({folder}{match[0]}.md)" if match[0] in known else match[0]

    parts = FENCE.split(text)
    return "".join(part if number % 2 else CODE.sub(link, part) for number, part in enumerate(parts))


def prose(text: str) -> str:
    """Text of a docstring in Markdown, with the signs that it would take for its own; addresses are links."""
    parts = SPAN.split(" ".join(text.split()))
    return "".join(_live(p) if n % 2 else SPECIAL.sub(r"\\\1", p) for n, p in enumerate(parts))


def _live(span: str) -> str:
    if span.startswith("`"):
        return span
    address = span.rstrip(".")
    return f"<{address}>{span[len(address) :]}"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield from (prose(paragraph), "")


def _capital(text: str) -> str:
    """Text that stood behind a colon, at the beginning of a section."""
    word = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if word.isalpha() else text


def _properties(check: Check) -> Iterator[str]:
    runs = f"`--extend-select {check.code}` turns it on" if check.level is Level.HINT else "by default"
    yield from ("| | |", "|---|---|", f"| Level | {check.level} |", f"| Runs | {runs} |")
    yield f"| Fix | {check.fix or 'none'} |"
    if check.over:
        yield f"| Speaks in place of | {', '.join(check.over)}, where both see the same defect |"
    yield f"| Package | {check.function.__module__.partition('.')[0]} |"
    yield ""


def _evidence(check: Check) -> Iterator[str]:
    for need in check.needs:
        kinds = [kind for kind in get_args(need) or (need,) if kind is not types.NoneType]
        optional = types.NoneType in get_args(need)
        words = " or ".join(map(_kind, kinds))
        yield f"- {words}{'; it speaks without one, too' if optional else ''}"


def _kind(kind: type) -> str:
    first = (kind.__doc__ or "").strip().split("\n\n")[0]
    sentence = " ".join(first.split()).partition(". ")[0].rstrip(".")
    return f"`{kind.__name__}`, from {READ_FROM.get(kind.__module__, SOURCE)}: {prose(sentence)}"


def _example(example: Example) -> Iterator[str]:
    if example.title:
        yield from (prose(example.title), "")
    if example.arguments:
        yield from ("```console", f"$ nnlint . {' '.join(example.arguments)}", "```", "")
    for file in example.files:
        yield from _file(file)


def _file(file: ExampleFile) -> Iterator[str]:
    language = "python" if file.name == GENERATE else LANGUAGES.get(PurePath(file.name).suffix, "text")
    rows = file.text.rstrip("\n").split("\n")
    marked = [str(number) for number, row in enumerate(rows, 1) if MARK.search(row)]
    lines = f' hl_lines="{" ".join(marked)}"' if marked else ""
    title = f"{NAMED.get(file.name, file.name)} {file.mark}".strip()
    yield from (f'```{language} title="{title}"{lines}', *rows, "```", "")


def _fixed(examples: Iterable[Example]) -> Iterator[str]:
    shown = next((example.fixed for example in examples if example.fixed), "")
    if shown:
        yield from ("Of the first example that it repairs:", "", "```diff", shown.rstrip("\n"), "```", "")


def _options(check: Check) -> Iterator[str]:
    if not check.options:
        yield "None."
        return
    yield from (f"In `[tool.nnlint.checks.{check.code}]`:", "", "| Option | Default |", "|---|---|")
    for name, value in check.options.items():
        yield f"| `{name.replace('_', '-')}` | `{list(value) if isinstance(value, tuple) else value}` |"
    yield from ("", *_paragraphs(check.documentation.sections.get("options", "")))


def _index(checks: Sequence[Check]) -> Iterator[str]:
    hints = sum(check.level is Level.HINT for check in checks)
    yield from ("# Checks", "", f"{len(checks)} checks; {hints} are hints, which run only when selected.", "")
    for family, members in groupby(checks, lambda check: check.code.rstrip("0123456789")):
        found = list(members)
        yield from (f"## {family}: {found[0].family}", "", "| Check | Level | Fix | |", "|---|---|---|---|")
        for check in found:
            link = f"[{check.code} {check.name}]({check.code}.md)"
            yield f"| {link} | {check.level} | {check.fix or ''} | {prose(check.documentation.summary)} |"
        yield ""
