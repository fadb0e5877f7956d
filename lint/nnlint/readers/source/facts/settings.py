"""Where a program writes its hyper-parameters as numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from nnlint.evidence.hyperparameters import Setting, Settings
from nnlint.pattern import pattern
from nnlint.readers.source.facts.preparation import base_name
from nnlint.readers.source.files.nodes import everything, last_name
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.libraries.conventions import role_of, roles_of

NAMES: dict[str, str] = {
    r"(base|init|initial|max|default)?_?(lr|learning_?rate)": "learning_rate",
    r"(train|mini)?_?(batch_?size|bs|bsz)": "batch_size",
    r"(num|n|max|train|total|nb)?_?epochs?(_num|_count)?": "epochs",
    r"(weight_?decay|wd)": "weight_decay",
    r"momentum": "momentum",
    r"(dropout|drop)(_?(rate|p|prob))?": "dropout",
    r"(hidden|hid)_?(size|dim|units|channels|features)|n_hidden": "hidden_size",
    r"(img|image|input|crop)_?size": "image_size",
    r"(num|n)_?classes": "classes",
    r"gamma": "gamma",
}
"""How people spell hyper-parameters -> a name common to all spellings."""
PATTERNS = tuple((pattern(text, re.IGNORECASE), name) for text, name in NAMES.items())
USED = frozenset({"learning_rate", "batch_size", "epochs", "weight_decay", "momentum"})
"""Those that calls of libraries take under these names."""
TAKES = pattern(
    r"(Adam\w*|SGD|RMSprop|Adagrad|Adadelta|NAdam|Nadam|RAdam|LBFGS|Lion|DataLoader|fit|Trainer|TrainingArguments"
    r"|fit_generator|image_dataset_from_directory|flow_from_directory)$"
)
OPTIMIZER = pattern(r"(Adam\w*|SGD|RMSprop|Adagrad|Adadelta|NAdam|Nadam|RAdam|Lion)$")


def settings_of(text: Text) -> Settings | None:
    """All hyper-parameters that the text writes as numbers; None when there are none."""
    found = tuple(_all(text))
    return Settings(text.path, found) if found else None


def common(name: str) -> str:
    """The hyper-parameter that a name stands for, "" for none."""
    return next((meaning for spelling, meaning in PATTERNS if spelling.fullmatch(name)), "")


def number(node: ast.expr | None) -> float | None:
    """A number as it is written; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _all(text: Text) -> Iterator[Setting]:
    for statement in text.tree.body:
        yield from _constant(text, statement)
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                yield from _constant(text, inner, "default")
    held_out = _assigned(text.tree)
    for node in everything(text.tree):
        if isinstance(node, ast.Call):
            yield from _call(text, node, held_out.get(id(node), ""))
        elif isinstance(node, ast.Dict):
            yield from _entries(text, node)
        elif isinstance(node, ast.For):
            yield from _loop(text, node)


def _made(
    text: Text, written: str, node: ast.expr | None, how: str, about: str = "", split: str = ""
) -> Iterator[Setting]:
    value, name = number(node), common(written)
    if value is not None and name and node is not None:
        yield Setting(name, written, value, how, text.place(node), about, split)


def _constant(text: Text, statement: ast.stmt, how: str = "constant") -> Iterator[Setting]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield from _made(text, target.id, statement.value, how)
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield from _made(text, statement.target.id, statement.value, how)
    elif isinstance(statement, ast.If):  # ``if __name__ == "__main__":``
        for inner in statement.body:
            yield from _constant(text, inner, how)


def _entries(text: Text, node: ast.Dict) -> Iterator[Setting]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield from _made(text, key.value, value, "config")


def _assigned(tree: ast.Module) -> dict[int, str]:
    """For calls whose results get the name of a held-out split: that split."""
    found = {}
    for node in everything(tree):
        if isinstance(node, ast.Assign):
            named = {role_of(base_name(target)) for target in node.targets} - {"", "train"}
            found.update({id(call): split for split in named for call in ast.walk(node.value)})
    return found


def _call(text: Text, node: ast.Call, assigned: str) -> Iterator[Setting]:
    called = last_name(node.func)
    named = {k.arg: k.value for k in node.keywords if k.arg}
    if called == "add_argument":
        for flag in node.args:
            if isinstance(flag, ast.Constant) and isinstance(flag.value, str) and flag.value.startswith("--"):
                yield from _made(text, flag.value[2:].replace("-", "_"), named.get("default"), "default")
        return
    if not TAKES.search(called):
        return
    split = assigned or next(iter(sorted(roles_of(node) - {"train"})), "")
    for written, value in named.items():
        if common(written) in USED:
            yield from _made(text, written, value, "argument", called, split)
    if OPTIMIZER.search(called) and len(node.args) > 1:
        yield from _made(text, "lr", node.args[1], "argument", called)
    if called == "DataLoader" and len(node.args) > 1:
        yield from _made(text, "batch_size", node.args[1], "argument", called, split)


def _loop(text: Text, node: ast.For) -> Iterator[Setting]:
    """``for epoch in range(20)``."""
    names = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
    source = node.iter
    if (
        isinstance(source, ast.Call)
        and getattr(source.func, "id", getattr(source.func, "attr", "")) == "tqdm"
    ):
        source = source.args[0] if source.args else source
    if not isinstance(source, ast.Call) or getattr(source.func, "id", "") not in ("range", "trange"):
        return
    if len(source.args) in (1, 2) and any(re.fullmatch(r"epochs?|ep|e", name) for name in names):
        begins = number(source.args[0]) if len(source.args) == 2 else 0.0
        if begins in (0.0, 1.0):
            for made in _made(text, "epochs", source.args[-1], "loop", "range"):
                yield replace(made, value=made.value - (begins or 0.0))
