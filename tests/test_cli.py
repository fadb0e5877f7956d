"""The command line as users meet it: what it prints, where, and the exit code."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnlint import check, engine
from nnlint.check import ERROR, Check, Checks
from nnlint.cli import main
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.readers import Reading, source

BROKEN = "def f(:\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "model.py").write_text("x = 1\n")
    (tmp_path / "empty").mkdir()
    return tmp_path


Capture = pytest.CaptureFixture[str]


def test_clean_file_exits_with_0_and_says_what_was_read(capsys: Capture) -> None:
    assert main(["model.py"]) == 0
    assert "no findings" in capsys.readouterr().out


def test_finding_exits_with_1(capsys: Capture) -> None:
    assert main(["empty"]) == 1
    assert "empty: error[IN101]" in capsys.readouterr().out


def test_check_alone_reads_the_folder_it_is_run_in(capsys: Capture) -> None:
    Path("model.py").write_text("import torch\n" + BROKEN)
    assert main(["check"]) == 1
    assert "model.py:2:7: error[IN101]" in capsys.readouterr().out


def test_missing_path_exits_with_2_after_the_findings_of_the_others(capsys: Capture) -> None:
    assert main(["empty", "modl.py"]) == 2
    printed = capsys.readouterr()
    assert "IN101" in printed.out
    assert "modl.py: no such file or folder; did you mean model.py?" in printed.err


def test_option_for_training_data_must_exist(capsys: Capture) -> None:
    assert main(["model.py", "--train", "absent.csv"]) == 2
    assert "absent.csv: no such file" in capsys.readouterr().err


def test_fail_on_never_exits_with_0() -> None:
    assert main(["empty", "--fail-on", "never"]) == 0


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["model.py", "--slect", "IN101"], "unknown option --slect; did you mean --select?"),
        (["model.py", "--select", "IN10l"], "no check is called IN10l; did you mean IN10"),
        (["model.py", "--ignore", "unreadable-fil"], "did you mean unreadable-file?"),
        (["explain", "IN01"], "did you mean IN101?"),
        (["explain", "softmax-bfore"], "did you mean softmax-before-cross-entropy?"),
        (["explian", "IN101"], "did you mean `nnlint explain`?"),
        (["dev", "new", "HL999", "x-y", "--family", "haed"], "did you mean head?"),
    ],
)
def test_mistyped_word_gets_a_suggestion(arguments: list[str], suggestion: str, capsys: Capture) -> None:
    try:
        code = main(arguments)
    except SystemExit as error:
        code = error.code  # type: ignore[assignment]
    assert code == 2
    assert suggestion in capsys.readouterr().err


def test_unknown_column_exits_with_2_and_hides_no_finding(folder: Path, capsys: Capture) -> None:
    (folder / "train.csv").write_text("age,label\n" + "1,a\n2,b\n" * 20)
    assert main(["train.csv", "empty", "--target", "lable"]) == 2
    printed = capsys.readouterr()
    assert "did you mean 'label'?" in printed.err
    assert "IN101" in printed.out


def test_path_with_the_name_of_a_command_is_linted_by_check(folder: Path, capsys: Capture) -> None:
    (folder / "show").mkdir()
    assert main(["check", "show"]) == 1
    assert "show: error[IN101]" in capsys.readouterr().out


def test_no_argument_prints_the_help(capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "usage: nnlint" in capsys.readouterr().err


def test_defect_in_a_check_hides_no_finding_and_asks_to_be_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def broken(file: Unreadable) -> list[Finding]:
        raise ZeroDivisionError("oh")

    broken.__annotations__["file"] = Unreadable
    checks = (*check.all_checks(), Check("ZZ999", "broken", ERROR, None, (), broken))  # type: ignore[arg-type]
    monkeypatch.setattr(engine, "checks_for", lambda evidence: Checks(checks, ()))
    assert main(["empty"]) == 2
    printed = capsys.readouterr()
    assert "IN101" in printed.out
    assert "internal error in ZZ999: ZeroDivisionError: oh" in printed.err
    assert "report" in printed.err


def test_defect_in_a_reader_hides_no_other_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def read(files: list[Path], *_: object) -> Reading:
        if {folder / "model.py", folder / "twin.py"} & {f.absolute() for f in files}:
            raise KeyError("oh")
        return Reading((Unreadable(Place(str(files[0])), "python", "bad"),))

    monkeypatch.setattr(source, "read", read)
    for name in ("other.py", "twin.py"):
        (folder / name).write_text("x = 1\n")
    assert main(["."]) == 2
    printed = capsys.readouterr()
    assert "other.py: error[IN101]" in printed.out
    assert "internal error in the source reader, on model.py (and 1 more): KeyError" in printed.err


def test_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "run", interrupted)
    assert main(["model.py"]) == 130


def test_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "nnlint", "rules"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.stderr == ""


def test_output_file_holds_the_report(folder: Path, capsys: Capture) -> None:
    main(["empty", "--output-format", "json", "--output-file", "report.json"])
    assert json.loads((folder / "report.json").read_text())["findings"][0]["code"] == "IN101"
    assert capsys.readouterr().out == ""


def test_color_follows_option_and_environment(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def colored(*arguments: str) -> bool:
        main(["empty", *arguments])
        return "\x1b[" in capsys.readouterr().out

    assert not colored()
    assert colored("--color", "always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colored()
    assert not colored("--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored()


def test_quiet_prints_findings_only(capsys: Capture) -> None:
    main(["model.py", "-q"])
    assert capsys.readouterr().out == ""


def test_files_of_other_kinds_are_noted_beside_others_and_found_alone(folder: Path, capsys: Capture) -> None:
    (folder / "README.md").write_text("")
    assert main(["model.py", "README.md"]) == 0
    assert "note: README.md: not read" in capsys.readouterr().out
    assert main(["README.md"]) == 1


def test_explain_prints_reason_and_examples(capsys: Capture) -> None:
    assert main(["explain", "in103"]) == 0
    page = capsys.readouterr().out
    assert "unused-suppression" in page and "Why" in page and "nnlint: ignore[IN101]" in page


def test_rules_as_json_have_code_level_and_summary(capsys: Capture) -> None:
    assert main(["rules", "--output-format", "json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert {"code", "name", "level", "summary", "default", "options"} <= set(first)


def test_show_prints_the_columns_of_a_table(folder: Path, capsys: Capture) -> None:
    (folder / "train.csv").write_text("age,label\n" + "1,a\n2,b\n" * 20)
    assert main(["show", "train.csv"]) == 0
    assert "age" in capsys.readouterr().out
    assert main(["show", "train.csv", "--output-format", "json"]) == 0
    card = json.loads(capsys.readouterr().out)["data_sets"][0]
    assert [c["column"] for c in card["columns"]] == ["age", "label"]


def test_new_check_is_importable_and_documented() -> None:
    assert main(["dev", "new", "ZZ123", "some-defect", "--into", "mine"]) == 0
    made = runpy.run_path("mine/some_defect.py")["some_defect"].__nnlint_check__
    assert (made.code, made.name, len(made.documentation.fires)) == ("ZZ123", "some-defect", 1)
    assert main(["dev", "new", "ZZ123", "some-defect", "--into", "mine"]) == 2


def test_folder_that_cannot_be_opened_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(top: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[str, list[str], list[str]]]:
        onerror(PermissionError(13, "Permission denied", str(top)))
        yield from ()

    monkeypatch.setattr(os, "walk", walk)
    (found,) = engine.run(["empty"], Settings()).findings
    assert found.message == "the folder cannot be opened: Permission denied"


def test_path_that_cannot_be_asked_for_does_not_exist(capsys: Capture) -> None:
    assert main(["x" * 5000]) == 2
    assert "no such file" in capsys.readouterr().err
