"""Reports for other programs: each is what its reader takes, and within the limits of who shows it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from nnlint.check import all_checks
from nnlint.cli import main
from nnlint.evidence.place import Place, Step
from nnlint.finding import Failure, Finding, Level, Note
from nnlint.fingerprint import fingerprints
from nnlint.reports import REPORTS, Look, render
from nnlint.result import Result, Understood

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text())
MODEL = dedent(
    """\
    class Net:
        def forward(self, x):
            return F.softmax(self.fc(x), dim=1)

    loss = criterion(model(x), y)
    """
)
LOSS = Place("model.py", 5, 18, 5, 26)
STEP = Step(Place("model.py", 3, 16, 3, 44), "probabilities [0, 1]")
CELLS = [["import torch\n"], ["# 中文 \\ 🎉\n", "x = 'a\"b' + f(y)\n", "z = 1"]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def finding(
    place: Place = LOSS, message: str = "softmax again", level: Level = Level.ERROR, code: str = "HL101"
) -> Finding:
    trail = (STEP,) if place is LOSS else ()
    return Finding(place, message, "return the scores", trail, level=level, code=code, name="softmax-twice")


def result(*findings: Finding) -> Result:
    return Result(findings, (Note("a.csv", "skipped"),), checks=all_checks(), read=Understood(programs=1))


def printed(name: str, *findings: Finding) -> str:
    return render(name, result(*findings), Look())


def sarif(*findings: Finding) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(printed("sarif", *findings))["runs"][0]
    return run


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_say_that_nothing_was_found(name: str) -> None:
    assert printed(name).endswith("\n") or name in ("jsonl", "github")


ODD = (
    finding(),
    finding(Place("odd name #1.csv", part="column '\x00\x1b[31m<&\"'"), "holds \x00 | <b> `x` ]]> ::error::"),
    finding(Place("model.py", 2, 5, 5, 26), "spans lines", Level.HINT),
    finding(Place("/elsewhere/net.onnx", part="node 'fc'"), "outside", Level.WARNING),
    finding(Place("gone.ipynb", 3, 1, 3, 2, cell=9)),
    finding(Place("model.py", 99, 7)),
)


def test_sarif_is_valid_by_the_official_schema() -> None:
    for name in (ODD, ()):
        jsonschema.validate(json.loads(printed("sarif", *name)), SCHEMA)


@pytest.mark.parametrize("code", [c.code for c in all_checks()])
def test_sarif_describes_every_check_within_the_limits_of_github(code: str) -> None:
    (rule,) = sarif(finding(code=code))["tool"]["driver"]["rules"]
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["text"] and rule["help"]["markdown"].startswith(f"# {code}")
    assert rule["properties"]["precision"] in ("high", "medium")


def test_sarif_leads_through_the_trail() -> None:
    (found,) = sarif(finding())["results"]
    assert found["message"]["text"] == (
        "softmax again\nHelp: return the scores\n[probabilities \\[0, 1\\]](1)"
    )
    assert found["relatedLocations"][0]["id"] == 1
    steps = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [s["location"]["physicalLocation"]["region"]["startLine"] for s in steps] == [3, 5]


def test_sarif_regions_are_of_one_line() -> None:
    (found,) = sarif(finding(Place("model.py", 2, 5, 5, 26)))["results"]
    assert found["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "endLine": 2,
        "startColumn": 5,
        "endColumn": 26,
    }


def test_sarif_paths_count_from_the_root_of_the_repository(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".git").mkdir()
    (folder / "sub dir").mkdir()
    monkeypatch.chdir(folder / "sub dir")
    outside = ["/elsewhere/a.py", "postgres://host/base/a table"]
    places = [Place(path, 1) for path in ("../model.py", "a#b.py", *outside)]
    found = sarif(*map(finding, places))["results"]
    addresses = [f["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for f in found]
    assert addresses[:2] == ["model.py", "sub%20dir/a%23b.py"]
    assert addresses[2:] == ["file:///elsewhere/a.py", "postgres://host/base/a%20table"]


def test_sarif_tells_columns_of_a_table_apart() -> None:
    places = [Place("a.csv", part=f"column '{name}'") for name in "xy"]
    marks = [f["partialFingerprints"] for f in sarif(*map(finding, places))["results"]]
    assert marks[0]["primaryLocationLineHash"] != marks[1]["primaryLocationLineHash"]
    (in_text,) = sarif(finding())["results"]
    assert in_text["partialFingerprints"] == {"nnlint/v1": fingerprints([finding()])[0]}


def test_sarif_keeps_the_worst_of_too_many() -> None:
    many = [finding(Place("model.py", 5, 1), level=Level.WARNING)] * 5_000
    run = sarif(*many, finding())
    assert (len(run["results"]), run["results"][0]["level"]) == (5_000, "error")
    assert "1 more findings" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_sarif_says_when_a_check_failed() -> None:
    failed = Result((), failures=(Failure("HL101", ValueError("oh")),))
    document = json.loads(render("sarif", failed, Look()))
    jsonschema.validate(document, SCHEMA)
    assert document["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_cell_of_a_notebook_becomes_a_line_of_its_file(
    indent: int | None, ascii_only: bool, listed: bool, folder: Path
) -> None:
    sources = CELLS if listed else ["".join(c) for c in CELLS]
    document = {"cells": [{"cell_type": "code", "source": s} for s in sources], "nbformat": 4}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    (folder / "a.ipynb").write_text(text, encoding="utf-8")
    (found,) = sarif(finding(Place("a.ipynb", 2, 13, 2, 17, cell=2)))["results"]
    region = found["locations"][0]["physicalLocation"]["region"]
    line = text.split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "f(y)"


def test_github_annotations_escape_what_would_end_them() -> None:
    (line,) = printed("github", finding(Place("a,b:c.py", 1, 2, 1, 3), "50 %\nof it")).splitlines()
    assert line == (
        "::error title=HL101 softmax-twice,file=a%2Cb%3Ac.py,line=1,col=2,endLine=1,endColumn=3"
        "::50 %25�of it%0Ahelp: return the scores"
    )


def test_github_shows_each_check_of_each_file_before_repetitions_and_counts_the_rest() -> None:
    same = [finding(Place("model.py", n, 1)) for n in range(1, 30)]
    others = [finding(Place(f"f{n}.py", 1, 1)) for n in range(4)]
    warnings = [finding(Place("model.py", n, 1), level=Level.WARNING, code="HL102") for n in range(1, 30)]
    lines = printed("github", *warnings, *same, *others).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert sum("file=f" in line for line in errors) == 4
    assert lines[:10] == errors
    assert sum(line.startswith("::warning ") for line in lines) == 10
    assert lines[-1] == (
        "::notice title=nnlint::42 more findings: see the log of this step, or the job summary"
    )
    assert sum(line.startswith(("error[", "warning[")) for line in lines) == 42


def test_github_commands_cannot_be_made_by_names_of_files() -> None:
    many = [finding(Place("::error::x\n::stop-commands::y", n, 1)) for n in range(30)]
    lines = printed("github", *many).splitlines()
    assert {line.split(" ")[0].split("[")[0] for line in lines} == {"::error", "error", "::notice"}
    assert not any("stop" in line and line.startswith("::stop") for line in lines)


def test_gitlab_has_what_its_report_requires() -> None:
    issues = json.loads(printed("gitlab", *ODD))
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issue)
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
    assert len({issue["fingerprint"] for issue in issues}) == len(ODD)
    assert json.loads(printed("gitlab")) == []


def test_junit_is_a_suite_a_file_with_a_failure_a_finding() -> None:
    suites = ElementTree.fromstring(printed("junit", *ODD))
    assert suites.attrib == {"name": "nnlint", "tests": "6", "failures": "6", "errors": "0"}
    assert {suite.get("name"): suite.get("failures") for suite in suites}["model.py"] == "3"
    assert len(suites.findall("testsuite/testcase/failure")) == len(ODD)


def test_junit_without_findings_has_a_case_that_passed() -> None:
    (case,) = ElementTree.fromstring(printed("junit")).iter("testcase")
    assert list(case) == []


def test_jsonl_is_an_object_a_finding() -> None:
    records = [json.loads(line) for line in printed("jsonl", *ODD).splitlines()]
    assert records == json.loads(printed("json", *ODD))["findings"]


def test_markdown_keeps_odd_text_in_its_cell() -> None:
    rows = [line for line in printed("markdown", *ODD).splitlines() if line.startswith("| ")]
    assert len(rows) == len(ODD) + 1
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5
        assert "<b>" not in row


@pytest.mark.parametrize(
    ("message", "cell"),
    [
        ("call super().__init__() first", "call super().\\_\\_init\\_\\_() first"),
        ("`a_b<c>|d` is *not* <b>", "`a_b<c>\\|d` is \\*not\\* \\<b\\>"),
        ("see [this](http://x)", "see \\[this\\](http://x)"),
    ],
)
def test_markdown_escapes_outside_of_code(message: str, cell: str) -> None:
    assert f"| {cell}<br>→ return the scores |" in printed("markdown", finding(message=message))


def test_markdown_links_to_the_commit_in_a_run_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/it")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    assert "(https://github.com/me/it/blob/abc/model.py#L5)" in printed("markdown", finding())


def test_markdown_is_bounded() -> None:
    many = [finding(Place("model.py", n, 1), "x" * 10_000) for n in range(20_000)]
    text = printed("markdown", *many)
    assert len(text.encode()) < 2**20
    assert "… and 19 800 more findings" in text


def test_statistics_count_each_check() -> None:
    two = [finding(), finding(Place("model.py", 3, 1)), finding(code="DS301", level=Level.WARNING)]
    lines = render("statistics", result(*two), Look()).splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["2", "HL101"], ["1", "DS301"]]
    assert lines[-1] == "2 errors, 1 warning"


def test_name_that_is_no_text_is_no_error(folder: Path) -> None:
    name = os.fsdecode(b"odd\xff.py")
    (folder / name).write_text("import torch\ndef f(:\n")
    formats = [f"{report}:out.{report}" for report in REPORTS]
    assert main([name, "--output-format", ",".join(formats), "--write-baseline", "b.json"]) == 0
    assert main([name, "--output-format", ",".join(formats)]) == 1
    assert main([name, "--baseline", "b.json"]) == 0
    for report in REPORTS:
        assert "IN101" in (folder / f"out.{report}").read_text()


def test_real_findings_of_code_and_data_are_valid_sarif(folder: Path) -> None:
    (folder / "bad.py").write_text("import torch\ndef f(:\n")
    (folder / "train.csv").write_text("age,label\n" + "1,a\n2,b\n" * 20)
    assert main([".", "--output-format", "sarif:out.sarif", "--target", "label", "--quiet"]) == 1
    document = json.loads((folder / "out.sarif").read_text())
    jsonschema.validate(document, SCHEMA)
    results = document["runs"][0]["results"]
    addresses = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert addresses == {"bad.py", "train.csv"}
