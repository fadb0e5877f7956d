"""IN101: a file that is there cannot be read as what it is."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.files import Unreadable
from nnlint.finding import Finding

ELSEWHERE = frozenset({"onnx", "image"})
"""Formats whose broken files have a check of their own: OX107 and DS501."""

HELP = {
    "python": "correct the source; nothing else in this file could be checked",
    "folder": "name the folder that holds the code or the data",
}


@check("IN101", level=ERROR)
def unreadable_file(file: Unreadable) -> Iterator[Finding]:
    """A file that is there cannot be read as what it is.

    Why: what cannot be read cannot be checked, and the program that loads it will fail the same way. The
    other inputs are linted all the same.
    Source: the grammar or format of the file's kind.

    Fires:
        A syntax error.
        ```python
        import torch
        layers = torch.nn.Linear(1, 2  # error: [IN101]
        ```
        An array file that is something else.
        ```python generate
        from pathlib import Path
        Path("values.npy").write_text("not an array")
        # expect values.npy error: [IN101]
        ```
    Silent:
        An empty source file is a valid one.
        ```python
        ```
    """
    if file.format not in ELSEWHERE:
        fallback = "restore the file, or leave it out with --exclude"
        yield Finding(file.place, file.reason, HELP.get(file.format, fallback))
