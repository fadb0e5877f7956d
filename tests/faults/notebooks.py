"""Notebooks as one Python text and back: an edit changes what the cells say, not how they are cut."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable

CELL = "next cell:"
"""Begins the text, a statement of its own, that stands between two cells; what follows are their magics."""


def as_text(notebook: str) -> str:
    """The code cells one after another. Lines for the shell, or for IPython, go into the text between."""
    cells = [c for c in json.loads(notebook)["cells"] if c["cell_type"] == "code"]
    return "\n".join(_marked("".join(c["source"]).splitlines()) for c in cells)


def _marked(lines: list[str]) -> str:
    magics = [line for line in lines if line.startswith(("%", "!"))]
    code = [line for line in lines if line not in magics]
    return "\n".join([repr(CELL + "\n".join(magics)), *code])


def as_notebook(text: str) -> str:
    """The JSON of a notebook with the cells of a text."""
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in _cells(text)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _cells(text: str) -> Iterable[str]:
    magics, code = "", list[str]()
    for line in ast.parse(text).body:
        value = (
            line.value.value if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) else ""
        )
        if isinstance(value, str) and value.startswith(CELL):
            yield "\n".join([magics, *code]).strip("\n")
            magics, code = value.removeprefix(CELL), []
        else:
            code.append(ast.unparse(line))
    yield "\n".join([magics, *code]).strip("\n")
