"""``nnlint dev``: the file of a new check, with all but the knowledge; what is made from the checks."""

from __future__ import annotations

import argparse
import importlib.util
import json
import keyword
from pathlib import Path

from nnlint import plugins
from nnlint.check import all_checks
from nnlint.config import UsageError
from nnlint.meant import did_you_mean
from nnlint.pages import pages
from nnlint.pattern import pattern
from nnlint.schema import schema

CODE = pattern(r"[A-Z]{2,4}\d{3}")
NAME = pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PACKAGE = "nnlint_checks"

TEMPLATE = '''"""{code}: say in one line what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network


@check("{code}", level=WARNING)
def {function}(network: Network) -> Iterator[Finding]:
    """Say in one line what is wrong.

    Why: what happens to the training, and how the user would notice.
    Source: the paper or the page of the library's documentation that proves it.

    Fires:
        What this example shows.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(4, 4)
                self.head = nn.Linear(4, 1)

            def forward(self, x):
                x = nn.functional.hardtanh(self.hidden(x))  # warning: [{code}]
                return self.head(x)
        ```
    Silent:
        The near miss: what looks like the defect and is right.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(4, 4)
                self.head = nn.Linear(4, 1)

            def forward(self, x):
                x = nn.functional.relu(self.hidden(x))
                return self.head(x)
        ```
    """
    for operation in network.operations:
        if operation.kind == "hardtanh":
            yield Finding(
                operation.place,
                f"`{{operation.kind}}` says what is wrong, with the observed value",
                "say what to do in one imperative sentence",
            )
'''


def run(options: argparse.Namespace) -> int:
    """Run the tool. Checks of the working directory's configuration belong to those it knows."""
    plugins.use(plugins.of_working_directory())
    return TOOLS[options.tool](options)


def _schema(options: argparse.Namespace) -> int:
    print(json.dumps(schema(all_checks()), indent=1))
    return 0


def _docs(options: argparse.Namespace) -> int:
    """Write the pages of all checks below a folder."""
    made = pages(all_checks())
    for path, text in made.items():
        _write(Path(options.folder) / path, text)
    print(f"wrote {len(made)} pages below {options.folder}")
    return 0


def _new(options: argparse.Namespace) -> int:
    """Write the file and say where it is. Raises UsageError rather than overwriting anything."""
    code, name = options.code.upper(), options.name.lower().replace("_", "-")
    _validate(code, name)
    folder = Path(options.into) if options.into else _family(options.family)
    function = name.replace("-", "_")
    file = folder / f"{function}.py"
    if file.exists():
        raise UsageError(f"{file} is already there")
    _write(file, TEMPLATE.format(code=code, function=function))
    print(f"{file}\nIts examples are its tests: pytest -k {code}")
    return 0


TOOLS = {"new": _new, "schema": _schema, "docs": _docs}


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def _validate(code: str, name: str) -> None:
    if not CODE.fullmatch(code):
        raise UsageError(f"{code} is no code: two to four capitals and three digits, as in HL121")
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(f"{name} is no name: words in small letters with dashes, as in relu-on-head")
    for check in all_checks():
        if check.code == code or check.name == name:
            raise UsageError(f"{check.code} {check.name} is already there")


def _family(family: str | None) -> Path:
    """The folder of a family of the built-in checks, as installed from a checkout."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("the built-in checks are not installed here; say --into FOLDER")
    package = Path(next(iter(spec.submodule_search_locations)))
    families = sorted(p.name for p in package.iterdir() if (p / "__init__.py").is_file())
    if family not in families:
        hint = did_you_mean(family or "", families)
        raise UsageError(f"say --family with one of {', '.join(families)}, or --into FOLDER{hint}")
    return package / family
