"""The good programs: training programs in many styles, which nnlint finds clean."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults import notebooks

FOLDER = Path(__file__).parent / "programs"
FIXTURES = Path(__file__).parents[2] / "fixtures"

LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "cross_entropy": "cross_entropy",
    "NLLLoss": "nll",
    "nll_loss": "nll",
    "BCELoss": "bce",
    "binary_cross_entropy": "bce",
    "BCEWithLogitsLoss": "bce_with_logits",
    "binary_cross_entropy_with_logits": "bce_with_logits",
    **dict.fromkeys(("MSELoss", "mse_loss", "L1Loss", "SmoothL1Loss", "HuberLoss"), "regression"),
    **dict.fromkeys(("KLDivLoss", "kl_div"), "kl_div"),
}
"""How torch calls its losses -> kind."""

GENERATIVE = re.compile(r"Generator|Autoencoder|VAE|DQN")
"""Networks whose output is no class and no quantity that is predicted."""


@dataclass(frozen=True)
class Program:
    """A program: its files by their paths."""

    name: str
    files: Mapping[str, str]

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        """Its files parsed; to be looked at only."""
        return {path: ast.parse(text) for path, text in self.files.items()}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All that is written in it."""
        return tuple(node for tree in self.trees.values() for node in ast.walk(tree))

    @cached_property
    def loss_kinds(self) -> frozenset[str]:
        """The kinds of losses that are named."""
        names = (last_name(node) for node in self.nodes)
        return frozenset(LOSSES[name] for name in names if name in LOSSES)

    @cached_property
    def loss_names(self) -> Mapping[str, str]:
        """What its losses are called (``criterion``) -> kind; the functions themselves, too."""
        found = {name: kind for name, kind in LOSSES.items() if name.islower()}
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                found |= dict(_named(node))
        return found

    @cached_property
    def heads(self) -> frozenset[str]:
        """Classes with a forward that are built outside of such classes: what they return meets the loss."""
        classes = [n for n in self.nodes if isinstance(n, ast.ClassDef) and method(n, "forward") is not None]
        inside = {id(node) for cls in classes for node in ast.walk(cls)}
        built = {last_name(n.func) for n in self.nodes if isinstance(n, ast.Call) and id(n) not in inside}
        return frozenset(c.name for c in classes if c.name in built and not GENERATIVE.search(c.name))

    def with_file(self, path: str, text: str) -> Program:
        """The same program but for one file."""
        return Program(self.name, {**self.files, path: text})

    def mentions(self, *words: str) -> bool:
        """Whether its text has one of the words."""
        return any(word in text for word in words for text in self.files.values())


def programs() -> list[Program]:
    """All good programs, those of the examples included."""
    files = [_single(path) for path in sorted((*FOLDER.glob("*.py"), *FOLDER.glob("*.ipynb")))]
    folders = [_folder(path) for path in sorted(FOLDER.iterdir()) if path.is_dir() and path.name[0] != "_"]
    twins = [_single(path) for path in sorted(FIXTURES.glob("programs/*_clean.py"))]
    examples = [_folder(path) for path in sorted(FIXTURES.glob("*_clean")) if any(_sources(path))]
    return [*files, *folders, *twins, *examples]


def _single(path: Path) -> Program:
    return Program(path.stem.removesuffix("_clean"), {path.name: _text(path)})


def _folder(folder: Path) -> Program:
    return Program(folder.name, {path.name: _text(path) for path in _sources(folder)})


def _sources(folder: Path) -> list[Path]:
    return sorted((*folder.glob("*.py"), *folder.glob("*.ipynb")))


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return notebooks.as_text(text) if path.suffix == ".ipynb" else text


def last_name(node: ast.AST) -> str:
    """``Linear`` of ``nn.Linear``, "" of what is no name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def method(cls: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """A method that a class defines itself."""
    return next((n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _named(node: ast.Assign) -> Iterator[tuple[str, str]]:
    """``criterion = nn.MSELoss()``, ``mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()``."""
    target, value = node.targets[0], node.value
    pairs = (
        zip(target.elts, value.elts, strict=False)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        else [(target, value)]
    )
    for name, made in pairs:
        while (
            isinstance(made, ast.Call)
            and isinstance(made.func, ast.Attribute)
            and made.func.attr in ("to", "cuda")
        ):
            made = made.func.value
        if isinstance(made, ast.Call) and last_name(made.func) in LOSSES:
            yield last_name(name), LOSSES[last_name(made.func)]
