"""``nnlint explain CODE``: the page of a check in the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterator

from nnlint import plugins
from nnlint.check import Check, all_checks
from nnlint.config import UsageError
from nnlint.documentation import Example
from nnlint.finding import Level
from nnlint.reports.style import COLORS, paint
from nnlint.selection import unknown
from nnlint.terminal import colored

WIDEST = 88
LANGUAGES = {"generate": "data.py"}


def run(options: argparse.Namespace) -> int:
    """Print the page. Raises UsageError for a code or name that no check has."""
    plugins.use(plugins.of_working_directory())
    wanted = options.check
    chosen = [c for c in all_checks() if wanted.upper() == c.code or wanted.lower() == c.name]
    if not chosen:
        raise UsageError(unknown(wanted, all_checks()))
    color = colored(options.color, sys.stdout)
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    pages = ("\n".join(page(check, color=color, width=width)) + "\n" for check in chosen)
    sys.stdout.write("\n".join(pages))
    return 0


def page(check: Check, *, color: bool = False, width: int = WIDEST) -> Iterator[str]:
    """The rows of a check's page: what, why, options, examples that fire and that are right."""
    documentation = check.documentation
    title = paint(f"{check.level}[{check.code}]", COLORS[check.level], "bold", color=color)
    yield f"{title} {paint(check.name, 'bold', color=color)}"
    yield from _paragraph(documentation.summary, width)
    for section, text in documentation.sections.items():
        if not text:
            continue
        yield from ("", paint(section.capitalize(), "bold", color=color))
        for paragraph in text.split("\n\n"):
            yield from _paragraph(paragraph, width)
    if check.level is Level.HINT:
        yield from ("", *_paragraph(f"Off by default: --extend-select {check.code} turns it on.", width))
    if check.options:
        yield from ("", paint(f"Options in [tool.nnlint.checks.{check.code}]", "bold", color=color))
        yield from (f"  {name.replace('_', '-')} = {value}" for name, value in check.options.items())
    for heading, examples in (("Fires", documentation.fires), ("Silent", documentation.silent)):
        for example in examples:
            yield from ("", paint(f"{heading}: {example.title.rstrip('.:')}", "bold", color=color))
            yield from _files(example, color)


def _paragraph(text: str, width: int) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), width, initial_indent="  ", subsequent_indent="  ")


def _files(example: Example, color: bool) -> Iterator[str]:
    if example.arguments:
        yield f"  $ nnlint . {' '.join(example.arguments)}"
    for file in example.files:
        if len(example.files) > 1 or file.name != "model.py":
            name = LANGUAGES.get(file.name, file.name)
            yield paint(f"  {name}  {file.mark}".rstrip(), "dim", color=color)
        yield from _text(file.text)
    if example.fixed:
        yield paint("  Fixed:", "dim", color=color)
        yield from _text(example.fixed)


def _text(text: str) -> Iterator[str]:
    for line in text.rstrip("\n").split("\n"):
        yield f"    {line}".rstrip()
