"""A check's documentation as text and as Markdown, for reports that carry it along."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import Check
from nnlint.documentation import Example

LANGUAGES = {"py": "python"}


def plain(check: Check) -> str:
    """What is wrong and why, in a few sentences."""
    documentation = check.documentation
    paragraphs = [documentation.summary, documentation.sections.get("why", "")]
    return "\n\n".join(sentence(" ".join(p.split())) for p in paragraphs if p)


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def markdown(check: Check) -> str:
    """Why, sources, and the first example of what fires and of what is right."""
    documentation = check.documentation
    lines = [f"# {check.code} {check.name}", documentation.summary]
    for section, text in documentation.sections.items():
        if text:
            lines += [f"## {section.capitalize()}", sentence(text)]
    for heading, examples in (("Fires", documentation.fires), ("Silent", documentation.silent)):
        if examples:
            lines += [f"## {heading}", *_example(examples[0])]
    return "\n\n".join(lines) + "\n"


def _example(example: Example) -> Iterator[str]:
    if example.title:
        yield example.title
    for file in example.files:
        ending = file.name.rpartition(".")[2]
        name = f"`{file.name}`:\n\n" if len(example.files) > 1 else ""
        yield f"{name}```{LANGUAGES.get(ending, ending)}\n{file.text.rstrip()}\n```"
