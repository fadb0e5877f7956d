"""What the words behind a program say, and where they are no longer read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.readers.source.facts.habits import MAX_MODULES, vocabulary
from nnlint.readers.source.files.project import Project
from nnlint.readers.source.language.interpreter import Interpreter


@pytest.mark.parametrize(("count", "all_read"), [(MAX_MODULES // 2, True), (MAX_MODULES + 5, False)])
def test_a_program_with_a_library_behind_it_may_do_anything(
    tmp_path: Path, count: int, all_read: bool
) -> None:
    for number in range(count):
        (tmp_path / f"part{number}.py").write_text(f"import torch\nimport part{number + 1}\n")
    (tmp_path / f"part{count}.py").write_text("patience = 3\n")
    (tmp_path / "train.py").write_text("import torch\nimport part0\n")
    i = Interpreter(Project())
    module = i.project.module(i, tmp_path / "train.py", "train")
    assert module is not None
    known = vocabulary(i, module)
    assert (not known.unread) == ("patience" in known.words) == all_read
