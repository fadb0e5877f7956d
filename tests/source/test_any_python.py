"""No Python file whatsoever crashes or hangs the reader."""

from __future__ import annotations

import ast
import random
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.evidence.source import Program, Recipe
from nnlint.readers.source import entries, read

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path for path in (ROOT / "fixtures").rglob("*.py") if "hostile" not in path.parts)
STANDARD = Path(sysconfig.get_path("stdlib"))


def lint(path: Path) -> tuple[object, ...]:
    """All evidence of a file that is named, so that it is read whatever it holds."""
    return read([path], Settings(named=frozenset({str(path)})), lambda _: None).evidence


def sample(folder: Path, count: int) -> list[Path]:
    """Some files of a folder, always the same ones."""
    files = sorted(p for p in folder.glob("*.py") if p.is_file())
    return random.Random(0).sample(files, min(count, len(files)))


@pytest.mark.parametrize("path", sample(STANDARD, 40), ids=lambda p: p.name)
def test_the_standard_library_is_read_and_holds_no_network(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnlint.readers.source.FRAMEWORKS", (b"",))  # as if each file were about networks
    found = lint(path)
    assert all(isinstance(e, Program | Recipe) for e in found), found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_truncated_and_mutated_programs_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(PROGRAMS)).read_text()
    at = data.draw(st.integers(0, len(source)))
    cut = data.draw(st.integers(0, 40))
    inserted = data.draw(
        st.sampled_from(["", "(", "]", "\n", "    ", "lambda: ", "*", "yield ", "\0", "not ", "é"])
    )
    target = tmp_path / "model.py"
    target.write_text(source[:at] + inserted + source[at + cut :])
    assert lint(target)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_programs_with_expressions_swapped_are_read(tmp_path: Path, data: st.DataObject) -> None:
    tree = ast.parse(data.draw(st.sampled_from(PROGRAMS)).read_text())
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Call | ast.Attribute | ast.BinOp)]
    for _ in range(3):
        one, other = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
        for field in ("func", "value", "left"):
            if hasattr(one, field) and hasattr(other, field) and one is not getattr(other, field):
                setattr(one, field, ast.Name("torch", ast.Load()))
    target = tmp_path / "model.py"
    target.write_text(ast.unparse(ast.fix_missing_locations(tree)))
    assert lint(target)


NEVER_ENDING = {
    "while": "import torch\nx = 0\nwhile x >= 0:\n    x += 1\n",
    "recursion": "import torch\ndef f(n):\n    return f(n + 1) + f(n + 2)\nf(0)\n",
    "growing list": "import torch\nxs = [1]\nwhile xs:\n    xs += xs\n",
    "growing string": "import torch\ns = 'a'\nfor i in range(10**9):\n    s = s * 99\n",
    "growing number": "import torch\nn = 9\nfor i in range(200):\n    n = n ** 9\n",
    "big shift": "import torch\nn = 1 << 10**12\nm = 10 ** 10**10\n",
    "deep nesting": "import torch\nx = " + "(" * 90 + "1" + ")" * 90 + "\n",
    "long sum": "import torch\nx = " + " + ".join(["1"] * 20_000) + "\n",
    "long attribute chain": "import torch\nx = torch" + ".a" * 3000 + "\n",
    "class that contains itself": "import torch.nn as nn\nclass A(nn.Module):\n    def __init__(self):\n"
    "        super().__init__()\n        self.a = A()\nA()\n",
    "module that holds itself": "import torch.nn as nn\nm = nn.Sequential()\nm.append(m)\nm(1)\n",
    "infinite generator": "import torch\ndef g():\n    while True:\n        yield 1\nfor x in g():\n    pass\n",
    "property that asks for itself": "import torch\nclass A:\n    @property\n    def p(self):\n        return self.p\nA().p\n",
    "getattr that asks for itself": "import torch\nclass A:\n    def __getattr__(self, n):\n        return self.b\nA().a\n",
    "class that is its own base": "import torch\nclass A: pass\nclass A(A): pass\nclass A(A): pass\nA()\n",
    "format bomb": "import torch\nx = '%9999999999d' % 1\ny = f'{1:9999999999}'\nz = 'a'.ljust(10**12)\n",
}


@pytest.mark.parametrize("name", NEVER_ENDING)
def test_programs_that_never_end_are_left_in_time(name: str, tmp_path: Path) -> None:
    target = tmp_path / "model.py"
    target.write_text(NEVER_ENDING[name])
    assert any(isinstance(e, Program | Unreadable) for e in lint(target))


def test_fuel_bounds_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "ENTRY_FUEL", 50)
    target = tmp_path / "model.py"
    target.write_text("import torch\nfor a in range(100):\n    for b in range(100):\n        print(a * b)\n")
    assert [type(e) for e in lint(target)] == [Program]


def test_what_is_linted_is_never_imported(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    side = f"import pathlib\npathlib.Path({str(touched)!r}).touch()\n"
    (tmp_path / "effect.py").write_text(side)
    main = tmp_path / "main.py"
    main.write_text(
        side + "import torch\nimport effect\nfrom effect import *\nexec(open('effect.py').read())\n"
    )
    assert lint(main)
    assert not touched.exists()
