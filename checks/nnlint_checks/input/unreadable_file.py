"""IN101: a file that is not what its name says."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.files import Unreadable
from nnlint.finding import Finding

ELSEWHERE = frozenset({"onnx", "image"})
"""Formats that checks of their own report: OX107, DS501."""
NO_FORMATS = frozenset({"folder", "file", "path"})
"""What stands in the place of a format where nothing was expected of the content."""
HELP = {
    "file": "name a file of one of these kinds, or the folder that holds them",
    "path": "name a file or folder",
    "syntax": "repair the syntax",
    "notebook": "repair the notebook, or save it again",
    "folder": "name the folder that holds the code or the data",
}


@check("IN101", level=ERROR)
def unreadable_file(unreadable: Unreadable) -> Iterator[Finding]:
    """A file cannot be read as what it is.

    Why: what cannot be read cannot be linted, and whatever loads it next will fail too.
    Source: the format's own definition; the message gives the parser's reason.

    Fires:
        A syntax error.
        ```python
        import torch

        model = torch.nn.Linear(3, = 1)  # error: [IN101]
        ```
    Silent:
        New syntax is no error.
        ```python
        import torch

        match torch.nn.Linear(3, 1):
            case layer:
                print(layer)
        ```
    """
    if unreadable.format not in ELSEWHERE:
        yield Finding(
            unreadable.place,
            _message(unreadable),
            _help(unreadable),
        )


def _help(unreadable: Unreadable) -> str:
    syntax = unreadable.format == "python" and unreadable.reason.startswith("syntax error")
    kind = "syntax" if syntax else unreadable.format
    return HELP.get(kind, "write the file again, or leave it out with `exclude`")


def _message(unreadable: Unreadable) -> str:
    if unreadable.format in NO_FORMATS:
        return f"the {unreadable.format} {unreadable.reason}"
    return f"cannot be read as {unreadable.format}: {unreadable.reason}"
