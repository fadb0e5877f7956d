"""Runs side by side see whole entries or none; modules in circles are taken over as they were loaded."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nnlint.cache import folder, runs
from nnlint.cli import main

CIRCLE = {
    "a.py": "import torch\nfrom b import width\n\ndef depth():\n    return 2\n",
    "b.py": "import torch\nfrom a import depth\n\ndef width():\n    return 4 * depth()\n",
    "c.py": "from torch import nn\nfrom b import width\n\nmodel = nn.Sequential(nn.Linear(8, width()), nn.Linear(8, 2))\n",
    "d.py": "from torch import nn\nfrom a import depth\n\nmodel = nn.Sequential(nn.Linear(4, depth()), nn.Linear(3, 2))\n",
}
EDITS = [
    ("c.py", "width()", "width() + 1"),
    ("a.py", "return 2", "return 3"),
    ("a.py", "from b import width\n", ""),
    ("b.py", "return 4", "return 5"),
    ("d.py", "from a", "import b\nfrom a"),
]


def test_entries_are_whole_or_not_there(tmp_path: Path) -> None:
    contents = [[character] * 50_000 for character in "abcdef"]

    def save_and_load(number: int) -> bool:
        folder.save(tmp_path, "key", contents[number % len(contents)])
        return folder.load(tmp_path, "key") in contents

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(save_and_load, range(24)))
    assert len([path for path in tmp_path.iterdir() if path.name.endswith(folder.ENDING)]) == 1


def test_edits_of_modules_that_import_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in CIRCLE.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "BEGAN", time.time_ns())
    printed: list[list[str]] = []
    for name, old, new in [("a.py", "", ""), *EDITS]:
        (tmp_path / name).write_text((tmp_path / name).read_text().replace(old, new, 1))
        for more in (["--no-cache"], ["--cache-dir", "cache"]):
            main([".", "--output-format", "json", *more])
            printed.append([capsys.readouterr().out])
    assert printed[::2] == printed[1::2]
    assert len({str(text) for text in printed}) > 2
