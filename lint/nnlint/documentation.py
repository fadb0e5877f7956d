"""The docstring of a check, read as documentation and as tests.

    Summary in one line.

    Why: one paragraph.
    Source: papers, pages of library documentation.

    Fires:
        A title of the example.
        ```python
        x = 1  # error: [HL101]
        ```
        ```csv train.csv  # warning: [DS306]
        a,b
        ```
    Silent:
        ...

A fenced block is a file: ``python`` without a name is ``model.py``; a name follows the language. Blocks
after one another without a line of text between them belong to one example, unless both are unnamed.
Marks (``# error: [CODE]``) stand on the line that must be reported, or in the fence line when the file as a
whole is. ``python generate`` is not linted but run by the tests to write data files. Commands that the
example needs (``--target y``) follow the title after ``$``. A ``diff`` block behind an example that fires
holds the lines that its fix takes away and adds, each after ``-`` or ``+``.
"""

from __future__ import annotations

import re
from dataclasses import field

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern

SECTION = pattern(r"^(Why|Source|Fires|Silent|Options|Fix|Limits):\s*(.*)$")
FENCE = pattern(r"^\s*```\s*(\w+)?\s*([^#\s]*)\s*(#.*)?$")
DIFF = "diff"
UNNAMED = {"python": "model.py"}


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """One fenced block: its file name, text and, for files that cannot carry comments, its mark."""

    name: str
    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """Files that are linted together. ``arguments`` are added to the command line.

    ``fixed``: the lines that the fix changes, "" where the documentation shows none.
    """

    title: str
    files: tuple[ExampleFile, ...]
    arguments: tuple[str, ...] = ()
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Documentation:
    """What ``nnlint explain`` prints and the example tests run."""

    summary: str = ""
    sections: dict[str, str] = field(default_factory=dict)
    fires: tuple[Example, ...] = ()
    silent: tuple[Example, ...] = ()


def parse(docstring: str) -> Documentation:
    """Split a check's docstring into its sections. Unknown text stays in the section it stands in."""
    summary, sections, current = "", dict[str, list[str]](), ""
    for line in docstring.splitlines():
        match = SECTION.match(line)
        if match:
            current = match[1].lower()
            sections[current] = [match[2]] if match[2] else []
        elif current:
            sections[current].append(line)
        elif not summary:
            summary = line.strip()
        else:
            sections.setdefault("about", []).append(line)
    prose = {k: "\n".join(v).strip() for k, v in sections.items() if k not in ("fires", "silent")}
    return Documentation(
        summary, prose, _examples(sections.get("fires", [])), _examples(sections.get("silent", []))
    )


def _examples(lines: list[str]) -> tuple[Example, ...]:
    examples: list[Example] = []
    title, files, fixed = "", list[ExampleFile](), ""
    block: list[str] | None = None
    opening: re.Match[str] | None = None

    def finish() -> None:
        nonlocal title, files, fixed
        if files:
            text, _, arguments = title.partition("$")
            examples.append(Example(text.strip(), tuple(files), tuple(arguments.split()), fixed))
            title, files, fixed = "", [], ""

    for line in lines:
        fence = FENCE.match(line)
        if block is None and fence:
            opening, block = fence, []
        elif block is not None and opening is not None and line.strip() == "```" and opening[1] == DIFF:
            fixed, block = _dedent(block), None
        elif block is not None and opening is not None and line.strip() == "```":
            name = opening[2] or UNNAMED.get(opening[1] or "", f"example.{opening[1]}")
            if any(f.name == name for f in files):
                finish()
            files.append(ExampleFile(name, _dedent(block), (opening[3] or "").strip()))
            block = None
        elif block is not None:
            block.append(line)
        elif line.strip():
            if files:
                finish()
            title = f"{title} {line.strip()}".strip()
    finish()
    return tuple(examples)


def _dedent(lines: list[str]) -> str:
    margin = min((len(s) - len(s.lstrip()) for s in lines if s.strip()), default=0)
    return "".join(s[margin:] + "\n" for s in lines)
