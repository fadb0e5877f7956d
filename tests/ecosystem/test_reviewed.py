"""Reviewed findings are read and compared; every list of the repository can be read. Nothing is downloaded."""

from __future__ import annotations

import pytest
from tests.ecosystem.fetching import LIST, Package, packages
from tests.ecosystem.reviewed import FOLDER, Reviewed, Spot, compare, parse

FIRST, SECOND, THIRD = Spot("HL101", "a.py", 3), Spot("TL513", "b/c.py", 40), Spot("AR601", "d.py", 1)

TEXT = """
HL101 a.py:3 forward ends with softmax

# known false: registered by a base class
TL513 b/c.py:40
"""


def test_a_finding_is_right_with_its_reason_or_known_to_be_false() -> None:
    assert parse(TEXT) == [
        Reviewed(FIRST, "forward ends with softmax"),
        Reviewed(SECOND, "registered by a base class", right=False),
    ]


@pytest.mark.parametrize("line", ["HL101 a.py:3", "HL101 a.py because", "# known false:\nHL101 a.py:3"])
def test_a_line_without_place_or_reason_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not `CODE|no reason"):
        parse(line)


def test_what_is_new_and_what_is_gone_is_told_apart() -> None:
    compared = compare([FIRST, THIRD], parse(TEXT))
    assert [r.spot for r in compared.right] == [FIRST]
    assert [r.spot for r in compared.gone] == [SECOND]
    assert (compared.new, compared.false, compared.settled) == ((THIRD,), (), False)


def test_what_was_reviewed_settles() -> None:
    assert compare([FIRST, SECOND], parse(TEXT)).settled


def test_every_reviewed_package_is_pinned_and_its_list_can_be_read() -> None:
    pinned = {package.name for package in packages(LIST.read_text(encoding="utf-8"))}
    lists = {path.stem: parse(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.txt")}
    assert set(lists) <= pinned
    assert [name for name, found in lists.items() if not found] == []


def test_packages_are_pinned_with_their_kind() -> None:
    assert list(packages("a==1.0  # why\n\nb-c==2 sdist\n")) == [
        Package("a", "1.0"),
        Package("b-c", "2", "sdist"),
    ]
    with pytest.raises(ValueError, match="a>=1"):
        list(packages("a>=1"))
