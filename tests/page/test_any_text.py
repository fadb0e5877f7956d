"""Whatever stands in a file and wherever a finding points, its frame is well-formed and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint.engine import Result
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding, Level
from nnlint.lines import lines_of
from nnlint.repair import Change, Fix, Rewrite
from nnlint.reports import Look, render
from nnlint.reports.html.coloring import Coloring
from nnlint.reports.html.frames import Label, frames
from nnlint.reports.style import visible
from page.reading import read

CHARACTERS = st.sampled_from("ab1 \t\n\r\f'\"#\\()[]é中\u202e\u0301🎉<>&{%")
TEXTS = st.text(CHARACTERS, max_size=120)
NUMBERS = st.integers(0, 9)
PLACES = st.builds(lambda *n: Place("model.py", *n), NUMBERS, NUMBERS, NUMBERS, NUMBERS)

anything = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)


@anything
@given(TEXTS, PLACES, PLACES, TEXTS)
def test_page_is_well_formed(folder: Path, text: str, place: Place, step: Place, new: str) -> None:
    (folder / "model.py").write_bytes(text.encode())
    fix = Rewrite(Fix.SAFE, (Change(place, new),))
    found = Finding(
        place, text, text, (Step(step, text),), level=Level.ERROR, code="HL101", name="x", fix=fix
    )
    page = read(render("html", Result((found,)), Look()))
    assert len(page.all("details", class_="finding")) == 1


@anything
@given(TEXTS, st.integers(1, 6), NUMBERS)
def test_frame_has_the_text_of_its_lines(folder: Path, text: str, line: int, column: int) -> None:
    (folder / "model.py").write_bytes(text.encode())
    lines = lines_of("model.py")
    for frame in frames([Label(Place("model.py", line, column), 0)], Coloring()):
        rows = [row for row in frame.rows if row is not None]
        assert [row.marked for row in rows].count(True) <= 1
        for row in rows:
            shown = "".join(piece.text for piece in row.pieces)
            line_of_row = visible(lines[row.number - 1].rstrip())
            assert line_of_row.endswith(shown)
            assert line_of_row.removesuffix(shown).strip(" �") == ""  # a form feed is white space, too
