"""Settings from files: where they are found, what they may say, and that the command line wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.cli import main, parse
from nnlint.commands.given import settings_of
from nnlint.config import Settings, UsageError, find, load, nearest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text("x = 1\n")
    return tmp_path


def settings(*arguments: str, toml: str = "") -> Settings:
    if toml:
        Path("nnlint.toml").write_text(toml)
    return settings_of(parse(["check", "model.py", *arguments]))


def test_every_key_sets_its_field() -> None:
    Path("nnlint.toml").write_text(
        'select = ["HL"]\nextend-select = ["DS"]\nignore = ["HL101"]\nexclude = ["old"]\ntarget = "y"\n'
        'train = "a.csv"\ntest = "b.csv"\nfail-on = "warning"\noutput-format = "concise"\n'
        '[per-file-ignores]\n"tests/*" = ["HL"]\n[pairs]\n"model.py" = "a.csv"\n[checks.HL101]\nlimit = 3\n'
    )
    assert Settings(**load(Path("nnlint.toml"))) == Settings(
        select=("HL",),
        extend_select=("DS",),
        ignore=("HL101",),
        exclude=("old",),
        target="y",
        train="a.csv",
        test="b.csv",
        fail_on="warning",
        output_format=("concise",),
        per_file_ignores={"tests/*": ("HL",)},
        pairs={"model.py": "a.csv"},
        checks={"HL101": {"limit": 3}},
    )


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('slect = ["HL"]', "unknown key slect; did you mean select?"),
        ('select = "HL"', "select must be a list of strings"),
        ("target = 3", "target must be a string"),
        ('fail-on = "fatal"', "fail-on must be one of error, warning, hint, never"),
        ("[checks]\nHL101 = 3", "checks must be a table"),
        ("select = [", "no valid TOML"),
        ('output-format = "xml"', "unknown output format xml"),
    ],
)
def test_wrong_file_is_a_usage_error_that_names_it(toml: str, message: str) -> None:
    with pytest.raises(UsageError, match=r"nnlint\.toml") as caught:
        settings(toml=toml)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[checks.IN01]\nlimit = 3", "no check is called IN01; did you mean IN101?"),
        ("[checks.IN103]\nlimit = 3", "unknown option limit; it has none"),
        ('[per-file-ignores]\n"a" = ["IN999"]', "no check is called IN999"),
    ],
)
def test_unknown_check_in_the_file_is_a_usage_error(
    toml: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("nnlint.toml").write_text(toml)
    assert main(["model.py"]) == 2
    assert message in capsys.readouterr().err


def test_command_line_wins() -> None:
    chosen = settings("--target", "z", "--fail-on", "never", toml='target = "y"\nfail-on = "hint"')
    assert (chosen.target, chosen.fail_on) == ("z", "never")


def test_ignore_adds_to_the_file_and_select_begins_anew() -> None:
    toml = 'select = ["HL"]\nignore = ["HL101"]'
    assert settings("--ignore", "HL102", toml=toml).ignore == ("HL101", "HL102")
    plain = settings()
    expected = Settings(select=("DS",), source=plain.source, cache_dir=plain.cache_dir)
    assert settings("--select", "DS", toml=toml) == expected


def test_selectors_are_repeated_or_separated_by_commas() -> None:
    assert settings("--select", "HL101, DS", "--select", "IN").select == ("HL101", "DS", "IN")


def test_nearest_file_is_found_and_a_foreign_pyproject_is_passed_by(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[tool.nnlint]\n")
    (folder / "a" / "pyproject.toml").write_text("[tool.other]\n")
    (folder / "a" / "b" / "pyproject.toml").write_text("no toml at all")
    assert find(["a/b"]) == folder / "pyproject.toml"
    (folder / "a" / "nnlint.toml").write_text("")
    assert find(["a/b"]) == folder / "a" / "nnlint.toml"


def test_config_option_names_the_file(folder: Path) -> None:
    (folder / "other.toml").write_text('target = "z"')
    assert settings("--config", "other.toml", toml='target = "y"').target == "z"
    assert main(["model.py", "--config", "absent.toml"]) == 2


def test_data_paths_count_from_the_folder_of_the_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "nnlint.toml").write_text('train = "a.csv"')
    assert load(folder / "sub" / "nnlint.toml")["train"] == str(folder / "sub" / "a.csv")


def test_excluded_files_are_not_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("old/bad.py", "good.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("def f(:\n" if "bad" in name else "x = 1\n")
    assert main([".", "--exclude", "old"]) == 0
    assert main([".", "--exclude", "*.py"]) == 1
    assert "holds no file that nnlint reads" in capsys.readouterr().out


def test_single_settings_come_over_the_file(folder: Path) -> None:
    toml = 'target = "y"\nfail-on = "hint"'
    chosen = settings("--config", 'target = "z"', "--config", "checks.DS303.codes = [1]", toml=toml)
    assert (chosen.target, chosen.fail_on) == ("z", "hint")
    assert chosen.checks == {"DS303": {"codes": [1]}}
    assert settings("--config", 'target = "z"', "--target", "w").target == "w"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "target = price"], "no valid TOML: "),
        (["--config", 'tarrget = "y"'], "unknown key tarrget; did you mean target?"),
        (["--config", "a.toml", "--config", "b.toml"], "another file is given, too"),
        (["--config", "a.toml", "--isolated"], "--isolated is given, too"),
    ],
)
def test_wrong_setting_is_a_usage_error(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model.py", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_isolated_reads_no_file() -> None:
    toml = 'target = "y"'
    assert settings("--isolated", toml=toml).target is None
    assert settings("--isolated", "--config", 'target = "z"', toml=toml).target == "z"


def test_shown_settings_are_a_configuration_of_the_same_meaning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = (
        'select = ["HL101"]\ntarget = "a \\"b\\" 中"\nforce-exclude = true\noutput-format = ["text", "json:a"]\n'
        '[[suppressions]]\nchecks = ["HL"]\nfile = "a"\ncolumn = "b"\nreason = "c"\n'
        '[per-file-ignores]\n"x/*" = ["HL"]\n[pairs]\n"a.py" = "b"\n[checks.DS303]\ncodes = [1, 2.5]\n'
    )
    before = settings(toml=toml)
    assert main(["model.py", "--show-settings"]) == 0
    printed = capsys.readouterr().out
    assert f"# from {folder / 'nnlint.toml'}" in printed
    assert "# 1 of " in printed and " checks run: HL101" in printed
    assert settings(toml=printed) == before


def test_broken_pyproject_is_an_error_where_it_is_ours(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pyproject.toml").write_text('[tool.nnlint]\nselect = ["HL"\n')
    assert main(["model.py"]) == 2
    assert "pyproject.toml: no valid TOML" in capsys.readouterr().err


def test_file_in_another_encoding_is_no_valid_toml(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nnlint.toml").write_bytes(b'target = "\xff"')
    assert main(["model.py"]) == 2
    assert "no valid TOML" in capsys.readouterr().err


def test_configuration_that_is_passed_by_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "nnlint.toml").write_text("")
        (folder / name / "x.py").write_text("x = 1\n")
    assert main(["a/x.py", "a"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["a/x.py", "b/x.py"]) == 0
    assert f"{folder / 'b' / 'nnlint.toml'} does not hold here" in capsys.readouterr().err
    assert main(["a/x.py", "b/x.py", "--isolated"]) == 0
    assert capsys.readouterr().err == ""


def test_broken_configuration_above_the_nearest_is_not_read(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.nnlint\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "nnlint.toml").write_text("")
    assert find(["sub"]) == folder / "sub" / "nnlint.toml"


def test_nearest_configurations_are_each_named_once(folder: Path) -> None:
    for name in ("a/b", "c"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x.py").write_text("")
    for name in ("a", "c"):
        (folder / name / "nnlint.toml").write_text("")
    paths = ["a/b/x.py", "a/b", "a", "c/x.py", "absent", "c"]
    assert list(nearest(paths)) == [folder / "a" / "nnlint.toml", folder / "c" / "nnlint.toml"]
