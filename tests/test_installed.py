"""Entry points are found as importlib.metadata finds them."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from nnlint import installed
from nnlint.check import ENTRY_POINTS


@pytest.mark.parametrize("group", [ENTRY_POINTS, "console_scripts", "pytest11"])
def test_the_same_as_of_the_standard_library(group: str) -> None:
    assert sorted(installed.modules_of(group)) == sorted(
        {point.module for point in entry_points(group=group)}
    )


def test_the_first_package_of_a_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, module in (("a", "new"), ("b", "old")):
        package = tmp_path / folder / "acme-1.0.dist-info"
        package.mkdir(parents=True)
        (package / installed.FILE).write_text(
            f"[other]\nx = y\n\n[acme.checks]\none = {module}:run [extra]\n"
        )
        monkeypatch.syspath_prepend(tmp_path / folder)
    assert installed.modules_of("acme.checks") == ("old",)
