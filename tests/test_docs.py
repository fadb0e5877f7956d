"""The documentation: pages made from the checks, and hand-written ones that name what is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from nnlint import cli, config
from nnlint.check import Check, all_checks
from nnlint.config import Settings, load
from nnlint.engine import options_of
from nnlint.pages import SECTIONS, linked, page, pages, prose
from nnlint.selection import selected
from test_readme import options

ROOT = Path(__file__).parents[1]
WRITTEN = {file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("*.md"))}
CODES = {check.code for check in all_checks()}
CODE = re.compile(r"\b[A-Z]{2}\d{3}\b")
EXAMPLES = {"HC101", "HL121"}
"""Codes that pages give to checks that are still to be written."""


@pytest.fixture(scope="module", params=sorted(WRITTEN))
def text(request: pytest.FixtureRequest) -> str:
    return WRITTEN[str(request.param)]


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_page_of_a_check_has_every_section_with_content(check: Check) -> None:
    parts = re.split(r"^## (.*)$", outside_of_fences("\n".join(page(check))), flags=re.MULTILINE)
    titles = [title for title in parts[1::2] if title != "Limits"]
    assert titles == list(SECTIONS)
    assert all(part.strip() for part in parts)


def test_every_option_of_a_check_is_described() -> None:
    said = {check: check.documentation.sections.get("options", "") for check in all_checks()}
    left = {c.code: [o for o in c.options if not re.search(rf"\b{o}\b", text)] for c, text in said.items()}
    assert {code: names for code, names in left.items() if names} == {}


def outside_of_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "(code)", text, flags=re.DOTALL | re.MULTILINE)


def test_pages_are_written_by_a_command(tmp_path: Path) -> None:
    assert cli.main(["dev", "docs", str(tmp_path)]) == 0
    written = {file.relative_to(tmp_path).as_posix(): file.read_text() for file in tmp_path.rglob("*.md")}
    assert written == pages(all_checks())
    assert len(written) == len(CODES) + 1


def test_index_lists_every_check_once() -> None:
    links = re.findall(r"\]\((\w+)\.md\)", pages(all_checks())["checks/index.md"])
    assert sorted(links) == sorted(CODES)


def test_signs_of_markdown_in_a_docstring_stay_what_they_are() -> None:
    assert prose("x_i * `a_b` of <T>, [0, 1]") == r"x\_i \* `a_b` of \<T\>, \[0, 1\]"
    assert prose("see https://a.example/b_c.") == "see <https://a.example/b_c>."


def test_codes_in_prose_become_links_and_code_stays() -> None:
    written = "# HL101\nHL101 and ZZ999, `HL101`\n```python\nx  # error: [HL101]\n```\n[HL101](a.md)\n"
    expected = written.replace("HL101 and", "[HL101](checks/HL101.md) and")
    assert linked(written, {"HL101"}, "checks/") == expected


def test_checks_it_names_exist(text: str) -> None:
    assert set(CODE.findall(text)) - CODES - EXAMPLES == set()


def test_options_it_names_exist(text: str) -> None:
    ours = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    commands = " ".join(re.findall(r"^(?:\$ |.*- )?nnlint .*$", text, re.MULTILINE))
    named = set(re.findall(r"(?<=[ `])--[a-z][a-z-]+", commands)) | set(
        re.findall(r"(?<=`)--[a-z][a-z-]+", ours)
    )
    assert named - set(options(cli.parser())) == set()


def test_configuration_it_shows_is_valid(text: str, tmp_path: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        if "nnlint" not in tomllib.loads(block).get("tool", {}):
            continue
        file = tmp_path / "pyproject.toml"
        file.write_text(block, encoding="utf-8")
        settings = Settings(**load(file))
        assert settings != Settings()
        assert selected(all_checks(), settings)
        options_of(settings)


def test_links_lead_somewhere(text: str) -> None:
    targets = [t for t in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / "docs" / t).is_file()] == []


def test_every_key_of_the_configuration_is_described() -> None:
    rows = re.findall(r"^\| (`.*?) \|", WRITTEN["configuration.md"], re.MULTILINE)
    assert {key for row in rows for key in re.findall(r"`([a-z-]+)`", row)} == set(config.KEYS)


def test_every_cause_has_a_check() -> None:
    rows = [row for row in WRITTEN["causes.md"].splitlines() if row.startswith("| ")]
    causes = [row for row in rows if not row.startswith("| Cause |")]
    assert len(causes) > 50
    assert [row for row in causes if not CODE.search(row)] == []


def test_documented_check_is_the_example() -> None:
    (shown,) = re.findall(r"(?<=```python\n)@check.*?Source:.*?\n", WRITTEN["writing-a-check.md"], re.DOTALL)
    file = ROOT / "examples" / "plugin" / "house_checks" / "width_off_the_grid.py"
    assert shown in file.read_text(encoding="utf-8")


def test_inputs_of_the_action_are_described() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    table = WRITTEN["integrations.md"].partition("| Input |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == set(action["inputs"])


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "causes" / "index.html").read_text(encoding="utf-8")
    assert 'href="../checks/HL101/"' in page
    assert "softmax-before-cross-entropy" in (tmp_path / "checks" / "HL101" / "index.html").read_text()
