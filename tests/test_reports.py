"""What reports print for findings of every kind: frames, trails, tables, notebooks, odd characters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Program
from nnlint.finding import Finding, Level, Note, Table
from nnlint.fingerprint import fingerprints
from nnlint.reports import REPORTS, Look, render
from nnlint.result import Result, Understood
from nnlint.understood import understood

MODEL = dedent(
    """\
    class Net:
        def forward(self, x):
            return F.softmax(self.fc(x), dim=1)

    loss = criterion(model(x), y)
    """
)
SOFTMAX, LOSS = Place("model.py", 3, 16, 3, 44), Place("model.py", 5, 18, 5, 26)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def finding(
    place: Place, message: str = "softmax again", *, trail: tuple[Step, ...] = (), table: Table | None = None
) -> Finding:
    help_ = "return the scores"
    return Finding(place, message, help_, trail, table, level=Level.ERROR, code="HL101", name="softmax-twice")


def text(*findings: Finding, width: int = 100) -> str:
    return render("text", Result(findings), Look(verbosity=-1, width=width))


def test_frame_shows_trail_and_primary_in_file_order() -> None:
    assert text(finding(LOSS, trail=(Step(SOFTMAX, "probabilities here"),))) == dedent(
        """\
        model.py:5:18: error[HL101] softmax-twice
          |
        3 |         return F.softmax(self.fc(x), dim=1)
          |                ---------------------------- probabilities here
        5 | loss = criterion(model(x), y)
          |                  ^^^^^^^^ softmax again
          |
          = help: return the scores
        """
    )


def test_step_in_another_file_has_a_frame_of_its_own(folder: Path) -> None:
    (folder / "train.py").write_text("loss = criterion(model(x), y)\n")
    primary = Place("train.py", 1, 8, 1, 30)
    assert text(finding(primary, trail=(Step(SOFTMAX, "probabilities here"),))) == dedent(
        """\
        train.py:1:8: error[HL101] softmax-twice
          |
        1 | loss = criterion(model(x), y)
          |        ^^^^^^^^^^^^^^^^^^^^^^ softmax again
          --> model.py:3:16
        3 |         return F.softmax(self.fc(x), dim=1)
          |                ---------------------------- probabilities here
          |
          = help: return the scores
        """
    )


def test_two_spans_of_one_line_share_it() -> None:
    step = Step(Place("model.py", 5, 8, 5, 30), "loss here")
    assert text(finding(LOSS, trail=(step,))).count("criterion") == 1


def test_column_is_named_with_its_figures() -> None:
    table = Table(("row", "age"), (("1842", "-1"), ("7", "120")))
    place = Place("train.csv", part="column 'age'")
    assert text(finding(place, "`age` holds -1", table=table)) == dedent(
        """\
        train.csv: column 'age': error[HL101] softmax-twice
          |
          | `age` holds -1
          |
          |   row  age
          |  1842   -1
          |     7  120
          |
          = help: return the scores
        """
    )


def test_steps_within_a_graph_are_named() -> None:
    step = Step(Place("net.onnx", part="node 'fc'"), "gives 1 value")
    printed = text(finding(Place("net.onnx", part="node 'relu'"), trail=(step,)))
    assert "  | softmax again\n  --> net.onnx: node 'fc'\n  | gives 1 value\n" in printed
    assert printed.count("-->") == 1


def test_cell_of_a_notebook_is_shown(folder: Path) -> None:
    cells = [{"cell_type": "code", "source": ["a = 1\n"]}, {"cell_type": "code", "source": ["b = f(x)"]}]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))
    printed = text(finding(Place("a.ipynb", 1, 5, 1, 9, cell=2)))
    assert printed.startswith("a.ipynb:cell 2:1:5: error")
    assert "1 | b = f(x)\n  |     ^^^^ softmax again" in printed


@pytest.mark.parametrize(
    ("line", "column", "end", "rows"),
    [
        ("\tx = f(y)", 6, 10, ["1 |     x = f(y)", "  |         ^^^^ m"]),
        ('x = "中文" + f(y)', 12, 16, ['1 | x = "中文" + f(y)', "  |              ^^^^ m"]),
        ("x = 'e\u0301' + f(y)", 12, 16, ["1 | x = 'e\u0301' + f(y)", "  |           ^^^^ m"]),
        ("x = '\x1b[31m' + f(y)", 14, 18, ["1 | x = '�[31m' + f(y)", "  |              ^^^^ m"]),
        ("x = f(y)", 5, 90, ["1 | x = f(y)", "  |     ^^^^ m"]),
        ("x = f(y)", 60, 70, ["1 | x = f(y)", "  |         ^ m"]),
        ("x = f(y)", 0, 0, ["1 | x = f(y)", "  | ^^^^^^^^ m"]),
        ("", 1, 1, ["1 |", "  | ^ m"]),
    ],
)
def test_carets_stand_below_the_span(line: str, column: int, end: int, rows: list[str], folder: Path) -> None:
    (folder / "odd.py").write_text(line + "\n")
    assert text(finding(Place("odd.py", 1, column, 1, end), "m")).split("\n")[2:4] == rows


def test_long_line_is_cropped_around_the_span(folder: Path) -> None:
    (folder / "long.py").write_text("a" * 5000 + "f(y)" + "b" * 5000)
    row, carets = text(finding(Place("long.py", 1, 5001, 1, 5005)), width=80).split("\n")[2:4]
    assert len(row) <= 80
    assert row[carets.index("^") : carets.rindex("^") + 1] == "f(y)"


def test_span_over_lines_is_underlined_to_the_end_of_the_first() -> None:
    assert "2 |     def forward(self, x):\n  |     ^^^^^^^^^^^^^^^^^^^^^ m" in text(
        finding(Place("model.py", 2, 5, 3, 44), "m")
    )


def test_vanished_file_is_no_error() -> None:
    assert "gone.py:3:1" in text(finding(Place("gone.py", 3, 1, 3, 2)))


def test_control_characters_reach_no_terminal() -> None:
    place = Place("a\x1b[2J.csv", part="column '\x1b]0;x\x07\u202e'")
    table = Table(("\x1b[1m",), (("\r",),))
    for name in ("text", "concise"):
        printed = render(name, Result((finding(place, "\x1b[31m", table=table),)), Look())
        assert not set("\x1b\r\x07\u202e") & set(printed)


def test_concise_is_one_line_a_finding() -> None:
    printed = render("concise", Result((finding(LOSS),)), Look(verbosity=-1))
    assert printed == "model.py:5:18: error[HL101] softmax again (softmax-twice)\n"


def test_json_has_the_documented_keys() -> None:
    trail = (Step(SOFTMAX, "probabilities here"),)
    document = json.loads(render("json", Result((finding(LOSS, trail=trail),), (Note("a", "b"),)), Look()))
    assert document["version"] == 1
    assert document["notes"] == [{"path": "a", "message": "b"}]
    (found,) = document["findings"]
    assert {"end_line", "end_column", "help", "fix", "data", "url", "fingerprint", "name"} <= set(found)
    assert (found["path"], found["line"], found["column"]) == ("model.py", 5, 18)
    assert found["trail"][0]["line"] == 3


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_ends_with_a_newline(name: str) -> None:
    assert render(name, Result((finding(LOSS),)), Look()).endswith("\n")


def test_fingerprint_survives_lines_above_and_tells_equal_findings_apart(folder: Path) -> None:
    before = fingerprints([finding(LOSS), finding(LOSS)])
    assert len(set(before)) == 2
    (folder / "model.py").write_text("import os\n\n" + MODEL.replace("loss = ", "loss  =  "))
    moved = finding(Place("model.py", 7, 20, 7, 28))
    assert fingerprints([moved, moved]) == before
    assert fingerprints([finding(SOFTMAX)]) != before[:1]


def test_summary_says_what_was_read_when_nothing_was_found() -> None:
    column = Column("y", Kind.NUMBER, "int64", 20640)
    data = Dataset("d", Place("d.csv"), "table", (Split("all", ("d.csv",), 20640, (column,)),))
    result = Result((), read=understood((data,)))
    assert render("text", result, Look()) == "read 1 data set of 20 640 rows: no findings\n"
    result = Result((), read=understood((Program("a.py", 1), Program("b.py", 2))))
    assert render("text", result, Look()) == "read 2 programs without a network: no findings\n"


def test_summary_counts_by_level() -> None:
    assert render("text", Result((finding(LOSS), finding(SOFTMAX))), Look()).endswith("\n\n2 errors\n")


@pytest.mark.parametrize("name", ["text", "concise"])
def test_notes_are_printed_but_when_quiet(name: str) -> None:
    result = Result((finding(LOSS),), (Note("a.csv", "no target"),))
    assert "note: a.csv: no target\n" in render(name, result, Look())
    assert "note:" not in render(name, result, Look(verbosity=-1))


def test_verbose_says_what_was_read_beside_findings() -> None:
    result = Result((finding(LOSS),), read=Understood(programs=1))
    assert "read 1 program" in render("text", result, Look(verbosity=1))
    assert "read 1 program" not in render("text", result, Look())


def test_places_are_links_where_the_terminal_shows_them(folder: Path) -> None:
    table = Place("postgres://host/base/people", part="column 'age'")
    linked = render("text", Result((finding(LOSS), finding(table))), Look(verbosity=-1, links=True))
    plain = render("text", Result((finding(LOSS), finding(table))), Look(verbosity=-1))
    address = (folder / "model.py").as_uri()
    assert f"\x1b]8;;{address}\x1b\\model.py:5:18\x1b]8;;\x1b\\: error[HL101]" in linked
    assert re.sub(r"\x1b\]8;;.*?\x1b\\", "", linked) == plain
    assert linked.count("\x1b]8;;") == 2
