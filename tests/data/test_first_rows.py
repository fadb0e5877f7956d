"""What the first row of a text table is: names, a row like any other, or the size of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.conftest import only

ROWS = "".join(f"part-{n},{n * 0.37:.2f},blue\n" for n in range(3, 20))


def names(first: str, rest: str) -> list[str]:
    Path("table.csv").write_text(f"{first}\n{rest}")
    return [c.name for c in only().train.columns]


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("part-1,0.37,blue", ROWS),
        (
            "39, State-gov, 13",
            "50, Private, 13\n38, State-gov, 9\n53, Private, 7\n28, Private, 12\n37, Other, 14\n",
        ),
        ("high,low,2,vgood", "high,low,3,acc\nlow,low,2,vgood\n" * 4),
    ],
)
def test_a_row_like_those_below_is_no_header(first: str, rest: str) -> None:
    found = names(first, rest)
    assert found == [f"column {n + 1}" for n in range(len(found))]
    assert only().train.rows == rest.count("\n") + 1


NUMBERS = "".join(f"part-{n},{n * 0.37:.2f},{n * 1.5}\n" for n in range(3, 20))


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("country,2019,2020", NUMBERS),
        ("sample,1100.5,1102.5", NUMBERS),
        ("id,1.0,label", ROWS),
        ("part,2019,colour", ROWS),
        ("blue,weight,colour", ROWS),
    ],
)
def test_years_wavelengths_and_words_are_names(first: str, rest: str) -> None:
    assert names(first, rest) == first.split(",")


def test_a_first_row_that_gives_the_size_is_skipped() -> None:
    rows = "".join(f"{n}.5,{n * 2}.1,{n % 2}\n" for n in range(30))
    assert names("30,2,cat,dog", rows) == ["column 1", "column 2", "column 3"]
    assert only().train.rows == 30
