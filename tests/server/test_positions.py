"""Positions of the protocol stand for offsets, whatever the text and the encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from nnlint.evidence.place import Place
from nnlint.fixing.source import apply
from nnlint.server.actions import changes
from nnlint.server.positions import Positions

TEXTS = st.text(st.sampled_from("ab é\t\f\u2028😀\ud800\r\n"), max_size=40)


@given(TEXTS, st.sampled_from(PositionEncodingKind), st.integers(0, 40))
def test_position_of_an_offset_leads_back(text: str, encoding: PositionEncodingKind, offset: int) -> None:
    positions = Positions(text, encoding)
    inside_of_an_end = text[offset - 1 : offset + 1] == "\r\n"
    if offset <= len(text) and not inside_of_an_end:
        assert positions.offset(positions.at(offset)) == offset


@pytest.mark.parametrize(
    ("encoding", "units"),
    [(PositionEncodingKind.Utf8, 7), (PositionEncodingKind.Utf16, 4), (PositionEncodingKind.Utf32, 3)],
)
def test_units_are_those_of_the_encoding(encoding: PositionEncodingKind, units: int) -> None:
    assert Positions("x\naé😀b", encoding).at(5) == Position(1, units)


@pytest.mark.parametrize("position", [Position(0, 99), Position(99, 0)])
def test_position_behind_the_end_is_the_end(position: Position) -> None:
    assert Positions("abc", PositionEncodingKind.Utf16).offset(position) == 3


def test_place_of_several_lines_is_shown_on_its_first() -> None:
    span = Positions("f(\n  x,\n)\n", PositionEncodingKind.Utf16).of(Place("a.py", 1, 1, 3, 2))
    assert (span.start, span.end) == (Position(0, 0), Position(0, 2))


@given(TEXTS, TEXTS)
def test_changes_make_the_new_text_of_the_old(old: str, new: str) -> None:
    assert apply(old, list(changes(old, new))) == new
