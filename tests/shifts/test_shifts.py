"""A seeded few of the divisions that ``python -m tests.shifts`` measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.shifts.__main__ import found
from tests.shifts.planting import FAULTS, divide, frame_of

EXPECTED = {
    "+1 sd": "DS401",
    "flipped": "DS402",
    "category new": "DS405",
    "standardised": "DS406",
    "unit x1000": "DS406",
    "class rarer": "DS403",
    "labels mixed": "DS104",
}


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_random_division_is_silent(name: str, tmp_path: Path) -> None:
    assert found(*divide(frame_of(name), 0), tmp_path) == []


@pytest.mark.parametrize("fault", EXPECTED)
def test_fault_is_found_once_and_by_its_name(fault: str, tmp_path: Path) -> None:
    train, test = divide(frame_of("breast_cancer"), 0)
    assert found(train, FAULTS[fault](test, np.random.default_rng(0)), tmp_path) == [EXPECTED[fault]]
