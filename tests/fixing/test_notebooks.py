"""Notebooks: the source of a cell is rewritten, all else stays byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnlint.cli import main
from nnlint.fixing import notebooks
from nnlint.fixing.source import Unfit

LINES = ["import torch\n", "from torch import nn\n", "%matplotlib inline\n", "# é\n"]
LOOP = [
    "def fit(model, loader, criterion, optimizer):\n",
    "    for x, y in loader:\n",
    "        loss = criterion(model(x), y)\n",
    "        loss.backward()\n",
    "        optimizer.step()",
]


def notebook(*, indent: int | None = 1, ascii_only: bool = False, joined: bool = False) -> str:
    def cell(kind: str, lines: list[str]) -> dict[str, object]:
        source = "".join(lines) if joined else lines
        extra = {"outputs": [{"data": 1.50}], "execution_count": None} if kind == "code" else {}
        return {"cell_type": kind, "metadata": {"b": 1, "a": "\x7f"}, "source": source, **extra}

    cells = [cell("markdown", ["# Title"]), cell("code", LINES), cell("code", LOOP), cell("raw", [])]
    return json.dumps({"cells": cells, "nbformat": 4}, indent=indent, ensure_ascii=ascii_only)


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("end", ["", "\n"])
def test_fix_adds_one_string_to_one_cell(tmp_path: Path, indent: int, ascii_only: bool, end: str) -> None:
    path = tmp_path / "train.ipynb"
    text = notebook(indent=indent, ascii_only=ascii_only) + end
    path.write_text(text, encoding="utf-8")
    assert main([str(path), "--fix", "-q"]) == 0
    string = json.dumps("        loss.backward()\n")
    between = "," + (" " if indent is None else "\n" + " " * 4 * indent)
    added = json.dumps("        optimizer.zero_grad()\n") + between
    assert path.read_text(encoding="utf-8") == text.replace(string, added + string)


def test_source_that_is_one_string_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "train.ipynb"
    text = notebook(joined=True)
    path.write_text(text, encoding="utf-8")
    assert main([str(path), "--fix", "-q"]) == 0
    new = "".join([*LOOP[:3], "        optimizer.zero_grad()\n", *LOOP[3:]])
    before, after = json.dumps("".join(LOOP)), json.dumps(new)
    assert path.read_text(encoding="utf-8") == text.replace(before, after)


def test_diff_names_the_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.ipynb"
    path.write_text(notebook(), encoding="utf-8")
    assert main([str(path), "--diff", "-q"]) == 1
    printed = capsys.readouterr().out
    assert "train.ipynb:cell 2\n" in printed
    assert [line for line in printed.splitlines() if line[:2] == "+ "] == ["+        optimizer.zero_grad()"]


@pytest.mark.parametrize("lines", [["a\n", "b"], ["a\n"], ["b"], ["x\n", "y\n"], [], ["a\n", "b", "\n", "c"]])
@pytest.mark.parametrize("new", ["a\nb", "a\n", "", "b\nc\nd\n", "x\ny\n"])
def test_any_cell_can_become_any_other(lines: list[str], new: str) -> None:
    data = json.dumps({"cells": [{"cell_type": "code", "source": lines}, {"z": [1, {}, []]}]}).encode()
    cells = notebooks.cells(data)
    if not lines:
        with pytest.raises(Unfit):
            notebooks.rewritten(data, cells, {1: new})
        return
    document = json.loads(notebooks.rewritten(data, cells, {1: new}))
    assert "".join(document["cells"][0]["source"]) == new
    assert document["cells"][1:] == json.loads(data)["cells"][1:]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"cells": 3}', b'{"cells": [}]', "ü".encode("latin-1")])
def test_what_is_no_notebook_does_not_fit(data: bytes) -> None:
    with pytest.raises(Unfit):
        notebooks.cells(data)
