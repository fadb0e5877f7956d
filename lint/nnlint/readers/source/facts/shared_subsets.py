"""Splits of one data set of which one is given a transform: all of them get it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from nnlint.evidence.rounds import SharedTransform
from nnlint.readers.source.files.nodes import Scope, functions, last_name, own
from nnlint.readers.source.files.text import Text

SET = frozenset({"transform", "transforms", "target_transform", "augment", "augmentation"})


def shared_transforms(text: Text) -> Iterator[SharedTransform]:
    """One for each place where the transform of a split is set in the data set that another one has, too."""
    if ".dataset." not in text.source:
        return
    for scope in (text.tree, *functions(text.tree)):
        made = [n for n, _ in own(scope) if isinstance(n, ast.Assign) and len(n.targets) == 1]
        groups = _groups(made)
        found: dict[tuple[str, ...], list[tuple[str, ast.Assign]]] = defaultdict(list)
        for node in made if groups else ():
            name = _split_of(node.targets[0])
            if name in groups:
                found[groups[name]].append((name, node))
        for names, settings in found.items():
            different = len({ast.unparse(node.value) for _, node in settings}) == len(settings)
            if different and not _parted(scope, names):
                name, node = settings[-1]
                other = next(n for n in names if n != name)
                yield SharedTransform(name, other, ast.unparse(node.targets[0]), text.place(node), text.path)


def _groups(made: list[ast.Assign]) -> dict[str, tuple[str, ...]]:
    """Each split with all that share its data set: of one ``random_split``, or ``Subset`` of one variable."""
    found: dict[str, tuple[str, ...]] = {}
    subsets: dict[str, list[str]] = defaultdict(list)
    for node in made:
        target, call = node.targets[0], node.value
        if not isinstance(call, ast.Call):
            continue
        name = last_name(call.func)
        if name == "random_split" and isinstance(target, ast.Tuple):
            names = tuple(n.id for n in target.elts if isinstance(n, ast.Name) and n.id != "_")
            found |= dict.fromkeys(names, names) if len(names) > 1 else {}
        elif name == "Subset" and call.args and isinstance(target, ast.Name):
            subsets[ast.unparse(call.args[0])].append(target.id)
    for listed in subsets.values():
        found |= dict.fromkeys(listed, tuple(listed)) if len(set(listed)) > 1 else {}
    return found


def _split_of(target: ast.expr) -> str:
    """``val`` of ``val.dataset.transform``."""
    inner = target.value if isinstance(target, ast.Attribute) and target.attr in SET else None
    if (
        not isinstance(inner, ast.Attribute)
        or inner.attr != "dataset"
        or not isinstance(inner.value, ast.Name)
    ):
        return ""
    return inner.value.id


def _parted(scope: Scope, names: tuple[str, ...]) -> bool:
    """One of them is given a data set of its own."""
    targets = (t for n, _ in own(scope) if isinstance(n, ast.Assign) for t in n.targets)
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == "dataset"
        and isinstance(target.value, ast.Name)
        and target.value.id in names
        for target in targets
    )
