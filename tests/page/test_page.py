"""The HTML report: one page, complete in itself, in which nothing of what was linted is markup."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from nnlint.check import all_checks
from nnlint.evidence.data import Column, Dataset, Kind, Split, Target, Task
from nnlint.evidence.files import Unreadable
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place, Step
from nnlint.evidence.runs import Curve, History, Point
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Failure, Finding, Level, Note, Table
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.repair import Change, Fix, Rewrite
from nnlint.reports import Look, render
from nnlint.reports.html import PLAIN
from nnlint.result import Result
from page.reading import Page, read

LOSS, SOFTMAX = Place("model.py", 12, 12, 12, 31), Place("model.py", 8, 16, 8, 44)
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{ 7*7 }}"


def finding(
    place: Place = LOSS,
    message: str = "softmax again",
    *,
    level: Level = Level.ERROR,
    trail: tuple[Step, ...] = (Step(SOFTMAX, "probabilities here"),),
    table: Table | None = None,
    fix: Rewrite | None = None,
    help: str = "return the scores",
) -> Finding:
    name = "softmax-before-cross-entropy"
    return Finding(place, message, help, trail, table, level=level, code="HL101", name=name, fix=fix)


def text(*findings: Finding, evidence: tuple[object, ...] = (), **more: object) -> str:
    return render("html", Result(findings, evidence=evidence, checks=all_checks(), **more), Look())


def page(*findings: Finding, evidence: tuple[object, ...] = (), **more: object) -> Page:
    return read(text(*findings, evidence=evidence, **more))


def column(
    name: str, kind: Kind = Kind.NUMBER, top: tuple[tuple[str, int], ...] = (), **more: object
) -> Column:
    figures = {"minimum": 0.0, "maximum": 9.0, "mean": 4.5, "deviation": 2.9} if kind is Kind.NUMBER else {}
    return Column(name, kind, "float", 10, top=top, **(figures | more))


def dataset(name: str = "data", feature: str = "age", label: str = "yes") -> Dataset:
    def load(role: str, _: str | None) -> pd.DataFrame:
        shift = 0.0 if role == "train" else 5.0
        return pd.DataFrame({feature: [n + shift for n in range(10)], "other": [float(n) for n in range(10)]})

    columns = (
        column(feature, nulls=2),
        column("other"),
        column("y", Kind.CATEGORY, ((label, 7), ("no", 3))),
    )
    splits = tuple(Split(role, (f"{role}.csv",), 10, columns) for role in ("train", "test"))
    target = Target("y", Task.CLASSIFICATION, "name", (label, "no"))
    return Dataset(name, Place(f"{name}.csv"), "table", splits, target, (feature, "other"), load=load)


def images(label: str = "cat", colour: bytes = b"") -> Dataset:
    splits = (Split("train", ("data",), 1, (column("class", Kind.CATEGORY, ((label, 1),)),)),)
    known = ImageFacts(
        f"data/{label}/1.png", "train", label, 32, 32, thumbnail=bytes(range(256)) * 4, colour=colour
    )
    target = Target("class", Task.CLASSIFICATION, "folders", (label,))
    return Dataset("data", Place("data"), "images", splits, target, load_images=lambda: (known,), rank=4)


def network(name: str = "Net") -> Network:
    source = Operation("input", (), {}, Place("model.py", 7))
    value = Tensor(source, name=name)
    layer = Layer("relu", f"torch.nn.{name}", name, Place("model.py", 7))
    output = Tensor(Operation("relu", (value,), {}, Place("model.py", 8), layer=layer))
    return Network(
        name,
        "torch",
        Place("model.py", 6),
        "model.py",
        (layer,),
        (source, output.operation),
        (value,),
        (output,),
    )


def history(name: str = "loss") -> History:
    points = tuple(Point(1 / n, step=n * 10) for n in range(1, 9))
    lost = (*points[:4], Point(math.nan, step=50))
    curves = (
        Curve(name, "loss", "train", "loss", points),
        Curve(f"val_{name}", "loss", "validation", "loss", lost),
    )
    return History("log.csv", Place("log.csv"), "csv", curves)


def weights(name: str = "fc.weight") -> Weights:
    place = Place("model.safetensors")
    tensors = (StoredTensor(f"{n}.{name}", place, (4, 2), "float32", deviation=0.1 * n) for n in range(1, 5))
    return Weights("model.safetensors", place, "safetensors", tuple(tensors))


EVERYTHING = (
    dataset(),
    images(),
    network(),
    history(),
    weights(),
    Unreadable(Place("a.onnx"), "onnx", "cut short"),
)


def test_page_is_well_formed_and_its_links_lead_somewhere() -> None:
    read_page = page(finding(), finding(SOFTMAX), evidence=EVERYTHING)
    ids = [e.attributes["id"] for e in read_page.elements if "id" in e.attributes]
    links = {e.attributes["href"] for e in read_page.all("a")}
    assert len(ids) == len(set(ids))
    assert {"#findings", "#networks", "#data", "#runs", "#weights", "#checks", "#check-HL101"} <= links
    assert {link[1:] for link in links} <= set(ids)


def test_page_loads_nothing() -> None:
    read_page = page(finding(), evidence=EVERYTHING)
    loaded = {e.attributes[a] for e in read_page.elements for a in ("src", "href") if a in e.attributes}
    assert {address for address in loaded if not address.startswith(("#", "data:"))} == set()
    assert re.findall(r"url\(|@import|https?:", read_page.one("style").text) == []


def test_policy_allows_the_style_and_the_scripts_of_the_page_and_nothing_else() -> None:
    read_page = page(finding())
    policy = dict(
        part.split(" ", 1)
        for part in read_page.one("meta", **{"http-equiv": "Content-Security-Policy"})
        .attributes["content"]
        .split("; ")
    )
    scripts = [e.text for e in read_page.all("script") if "type" not in e.attributes]
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["style-src"] == _hash(read_page.one("style").text)
    assert policy["script-src"] == " ".join(map(_hash, reversed(scripts)))
    assert [
        e.tag for e in read_page.elements for name in e.attributes if name == "style" or name[:2] == "on"
    ] == []


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def hostile() -> Iterator[tuple[str, dict[str, object]]]:
    file = Place(f"a{HOSTILE}.py", part=f"column '{HOSTILE}'")
    table = Table((HOSTILE,), ((HOSTILE,),))
    change = Rewrite(Fix.SAFE, (Change(Place("model.py", 6, 1, 6, 1), f"{HOSTILE}\n"),))
    everywhere = finding(file, HOSTILE, trail=(Step(file, HOSTILE),), table=table, help=HOSTILE)
    yield "finding", {"findings": (everywhere, finding(fix=change))}
    yield "dataset", {"evidence": (dataset(HOSTILE, HOSTILE, HOSTILE),)}
    yield "images", {"evidence": (images(HOSTILE),)}
    yield "network", {"evidence": (network(HOSTILE),)}
    yield "history", {"evidence": (history(HOSTILE),)}
    yield "weights", {"evidence": (weights(HOSTILE),)}
    yield "note", {"notes": (Note(HOSTILE, HOSTILE),)}
    yield "failure", {"failures": (Failure(HOSTILE, ValueError(HOSTILE)),)}
    yield "unreadable", {"evidence": (Unreadable(Place(HOSTILE), HOSTILE, HOSTILE),)}


@pytest.mark.parametrize("given", [pytest.param(given, id=name) for name, given in hostile()])
def test_nothing_that_was_linted_is_markup(given: dict[str, object]) -> None:
    read_page = read(render("html", Result(**{"findings": (), "checks": all_checks(), **given}), Look()))
    assert [e for e in read_page.elements if "onerror" in e.attributes] == []
    assert len(read_page.all("script")) == 2
    assert HOSTILE in read_page.one("main").text or HOSTILE in "".join(
        str(e.attributes) for e in read_page.elements
    )


def test_source_is_no_markup(folder: Path) -> None:
    (folder / "model.py").write_text(f"x = 1\n# {HOSTILE}\ny = '''{HOSTILE}\n'''\n")
    read_page = page(finding(Place("model.py", 2, 3, 2, 20), trail=()))
    assert f"# {HOSTILE}" in read_page.one("pre", class_="frame").text
    assert len(read_page.all("script")) == 2


def test_what_would_change_the_direction_of_text_is_made_visible() -> None:
    assert "\u202e" not in text(finding(message="abc\u202edef"), evidence=(dataset("a\u202eb"),))


def test_page_of_nothing_says_so() -> None:
    read_page = page()
    assert read_page.one("h1").text == "No findings"
    assert read_page.all("form") == read_page.all("details") == []
    assert "Read nothing." in read_page.one("header").text


def test_page_of_a_run_that_failed_does_not_say_that_there_is_nothing() -> None:
    assert page(failures=(Failure("HL101", ValueError("x")),)).one("h1").text == "Not all could be checked"


def test_findings_stand_below_their_file_with_what_the_filter_asks_for() -> None:
    other = finding(Place("data.csv", part="column 'age'"), "few values", level=Level.WARNING, trail=())
    read_page = page(other, finding(fix=Rewrite(Fix.SAFE, (Change(LOSS, "f"),))))
    assert read_page.one("h1").text == "1 error, 1 warning"
    assert [e.attributes["data-path"] for e in read_page.all("section", class_="file")] == [
        "data.csv",
        "model.py",
    ]
    first, second = read_page.all("details", class_="finding")
    assert (first.attributes["class"], second.attributes["class"]) == ("finding warning", "finding error")
    assert ("data-fix" in first.attributes, "data-fix" in second.attributes) == (False, True)
    assert "few values" in first.text and "column 'age'" in first.text
    assert [e.attributes["value"] for e in read_page.all("option")] == ["", "HL101"]


def test_code_is_marked_where_the_finding_and_its_steps_are() -> None:
    frame = page(finding()).one("pre", class_="frame")
    assert "return F.softmax(self.fc(x), dim=1)" in frame.text
    assert "1 probabilities here" in frame.text
    marks = page(finding()).all("mark")
    assert "".join(e.text for e in marks if e.attributes["class"] == "here") == "criterion(model(x),"
    assert "".join(e.text for e in marks if e.attributes["class"] == "step") == "F.softmax(self.fc(x), dim=1)"


def test_white_space_before_all_lines_is_left_out(folder: Path) -> None:
    (folder / "deep.py").write_text(
        "if a:\n    if b:\n" + "".join(f"        x{n} = f({n})\n" for n in range(9))
    )
    change = Rewrite(Fix.SAFE, (Change(Place("deep.py", 7, 9, 7, 18), "y"),))
    read_page = page(finding(Place("deep.py", 7, 14, 7, 18), trail=(), fix=change))
    assert read_page.one("pre", class_="frame").text.startswith("x2 = f(2)")
    assert read_page.one("mark").text == "f(4)"
    assert "\n- x4 = f(4)\n+ y\n" in read_page.one("pre", class_="diff").text


def test_line_within_a_string_is_coloured_as_one() -> None:
    frame = page(finding(Place("model.py", 3, 1, 3, 6), trail=())).one("pre", class_="frame")
    read_page = page(finding(Place("model.py", 3, 1, 3, 6), trail=()))
    assert {e.attributes["class"] for e in read_page.all("span") if e.below("mark")} == {"ts"}
    assert "class Old: pass" in frame.text


def test_step_without_a_line_is_listed() -> None:
    step = Step(Place("data.csv", part="column 'age'"), "97 % missing")
    (item,) = page(finding(trail=(step,))).all("li")
    assert item.text == "data.csv: column 'age' 97 % missing"


def test_fix_is_shown_as_a_diff() -> None:
    insert = Change(Place("model.py", 11, 1, 11, 1), "model.train()\n")
    unwrap = Change(SOFTMAX, "self.fc(x)")
    read_page = page(finding(fix=Rewrite(Fix.UNSAFE, (insert, unwrap))))
    signed = [e.text for e in read_page.all("span") if e.attributes.get("class") in ("plus", "minus")]
    assert signed == [
        "-         return F.softmax(self.fc(x), dim=1)",
        "+         return self.fc(x)",
        "+ model.train()",
    ]
    assert "--fix --unsafe-fixes" in read_page.one("div", class_="fix").text


@pytest.mark.parametrize(("colour", "kind"), [(b"", "png"), (bytes(range(192)) * 16, "jpeg")])
def test_table_shows_the_pictures_that_it_names(colour: bytes, kind: str) -> None:
    table = Table(("row", "label"), (("data/cat/1.png", "dog"), ("elsewhere.png", "cat")))
    read_page = page(finding(table=table, trail=()), evidence=(images(colour=colour),))
    pictured = [e for e in read_page.all("img") if e.below("td")]
    assert [e.attributes["src"].partition(",")[0] for e in pictured] == [f"data:image/{kind};base64"]
    assert len(read_page.all("figure", class_="sheet")) == 1


def test_column_has_a_histogram_of_each_split() -> None:
    histogram, *_ = page(evidence=(dataset(),)).all("svg", class_="histogram")
    assert histogram.attributes["aria-label"] == "histogram of age from 0 to 14: train, test"


def test_things_link_to_the_findings_about_them() -> None:
    about_column = finding(Place("test.csv", part="column 'age'"), trail=())
    about_layer = finding(Place("model.py", 7), trail=())
    about_run = finding(Place("log.csv", 12, 1), trail=())
    read_page = page(about_column, about_layer, about_run, evidence=EVERYTHING)
    tags = {e.attributes["href"]: e.parent.tag for e in read_page.all("a", class_="count") if e.parent}
    assert tags == {"#f0": "h5", "#f1": "th", "#f2": "p"}


def test_classes_and_missing_values_have_bars() -> None:
    read_page = page(evidence=(dataset(),))
    classes, missing = read_page.all("table", class_="bars")
    assert "7 (70.0%)" in classes.text and "3 (30.0%)" in classes.text
    assert "age" in missing.text and "20.0%" in missing.text and "other" not in missing.text


def test_rows_that_cannot_be_had_any_more_cost_only_the_histograms() -> None:
    def gone(role: str, target: str | None) -> pd.DataFrame:
        raise OSError(role)

    data = dataset()
    read_page = page(
        evidence=(
            Dataset(data.name, data.place, "table", data.splits, data.target, data.features, load=gone),
        )
    )
    assert read_page.all("svg", class_="histogram") == []
    assert len(read_page.all("table", class_="bars")) == 2


def test_run_has_a_chart_of_each_figure_with_its_splits() -> None:
    chart = page(evidence=(history(),)).one("figure", class_="chart")
    assert "train" not in chart.text and "val_loss" in chart.text
    assert "val_loss is nan at step 50" in chart.text


def test_stored_weights_have_a_chart_and_a_table() -> None:
    read_page = page(evidence=(weights(),))
    assert [e.text for e in read_page.all("title") if e.below("circle")][-1] == "4.fc.weight: deviation 0.4"
    assert "32" in read_page.one("dl").text  # values of 4 tensors of 4 x 2


def test_network_is_shown_once_however_often_it_is_met() -> None:
    assert [e.text.split()[0] for e in page(evidence=(network(), network())).all("h3")] == ["Net"]


def test_many_findings_keep_the_page_small() -> None:
    files = [Place("model.py", line, 1, line, 9) for line in range(1, 14)]
    many = [finding(files[n % 13], f"softmax again, {n}") for n in range(10_000)]
    written = text(*many)
    read_page = read(written)
    assert len(written) < 8_000_000
    assert len(read_page.all("details", class_="finding")) == 10_000
    assert len(read_page.all("pre", class_="frame")) == PLAIN
    assert len(read_page.unpacked) == 10_000 - PLAIN
    assert 'class="frame"' in read_page.unpacked[-1]
    assert not any("open" in e.attributes for e in read_page.all("details", class_="finding"))
