"""Whatever a file or a finding holds, reports and comments cope with it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint.comments import comments_of
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.reports import REPORTS, Look, render
from nnlint.reports.style import visible, width
from nnlint.result import Result

OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = st.integers(0, 300)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@OFTEN
@given(
    source=st.text("a\t中\x1b\u0301\n", max_size=300) | st.text(max_size=300),
    line=NUMBERS,
    column=NUMBERS,
    end=st.tuples(NUMBERS, NUMBERS),
)
def test_any_place_in_any_text_is_reported_within_the_width(
    source: str, line: int, column: int, end: tuple[int, int]
) -> None:
    Path("any.py").write_bytes(source.encode("utf-8", "surrogatepass"))
    finding = Finding(Place("any.py", line, column, *end), "m", "h", level=Level.HINT, code="X1", name="x")
    for name in REPORTS:
        printed = render(name, Result((finding,)), Look(width=80))
        assert "X1" in printed
    frame = render("text", Result((finding,)), Look(width=80)).split("\n")[1:]
    assert max(map(width, frame)) <= 80


@OFTEN
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore")))
def test_comments_of_any_content_are_read(content: bytes) -> None:
    for name in ("any.py", "any.ipynb"):
        Path(name).write_bytes(b"# nnlint: ignore[IN101]\n" + content)
        assert all(c.place.line >= 1 for c in comments_of(name))


@given(st.text())
def test_visible_text_moves_no_cursor(text: str) -> None:
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" for c in visible(text))
