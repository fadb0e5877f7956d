"""A defect that many columns share is one finding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnlint.config import Settings
from nnlint.engine import run
from nnlint.gathering import MOST


def linted(columns: int, folder: Path) -> list[tuple[str, str]]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, columns)), columns=[f"sensor {n}" for n in range(columns)])
    frame.iloc[::4] = np.nan
    frame["label"] = rng.integers(0, 2, 400)
    frame.to_csv(folder / "train.csv", index=False)
    return [(f.code, f.message) for f in run(["train.csv"], Settings(select=["DS301"])).findings]


def test_columns_with_one_defect_are_one_finding_when_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(linted(MOST, tmp_path)) == MOST
    assert linted(20, tmp_path) == [
        ("DS301", "20 columns are missing in many rows: 'sensor 0', 'sensor 1', 'sensor 2' and 17 more")
    ]
