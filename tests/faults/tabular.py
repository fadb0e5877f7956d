"""Faults of what happens to data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import Edit, all_of, blocks, calls, keyword, replace, statement, without
from tests.faults.programs import Program, last_name


def fitted_on_test(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``transform`` of what is held out becomes ``fit_transform``."""
    for call in calls(tree, "transform"):
        held_out = re.search(r"test|val|_te\b", ast.unparse(call))
        if (
            held_out
            and isinstance(call.func, ast.Attribute)
            and re.search(r"scal|\bsc\b", ast.unparse(call.func))
        ):
            yield partial(setattr, call.func, "attr", "fit_transform")


def fitted_before_split(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The scaler learns from all rows, which are then split."""
    for block in blocks(tree):
        for split in list(block):
            if isinstance(split, ast.Assign) and calls(split, "train_test_split"):
                lines = [s for s in block if _scales(s, split)]
                if len(lines) == 2:
                    yield partial(_fit_first, block, split, lines)


def _scales(line: ast.stmt, split: ast.Assign) -> bool:
    """``a = scaler.transform(a)`` of one of the first two parts of the split."""
    if not isinstance(line, ast.Assign) or not isinstance(split.targets[0], ast.Tuple):
        return False
    parts = [ast.unparse(t) for t in split.targets[0].elts[:2]]
    return ast.unparse(line.targets[0]) in parts and bool(calls(line.value, "transform", "fit_transform"))


def _fit_first(block: list[ast.stmt], split: ast.Assign, lines: list[ast.stmt]) -> None:
    call = calls(split, "train_test_split")[0]
    for line in lines:
        block.remove(line)
    at = block.index(split)
    block.insert(at, statement("from sklearn.preprocessing import StandardScaler"))
    block.insert(
        at + 1, statement(f"scaled_rows = StandardScaler().fit_transform({ast.unparse(call.args[0])})")
    )
    call.args[0] = ast.Name("scaled_rows")


def target_kept(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The target stays among the features."""
    for call in calls(tree, "drop"):
        columns = keyword(call, "columns")
        if (
            columns is not None
            and isinstance(columns.value, ast.List)
            and isinstance(call.func, ast.Attribute)
        ):
            if len(columns.value.elts) == 1:
                yield partial(replace, tree, call, call.func.value)
            else:
                yield partial(columns.value.elts.pop, 0)


def augmented_evaluation(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """What is held out gets the random transforms of training."""
    random = {
        last_name(a.targets[0])
        for a in all_of(tree, ast.Assign)
        if calls(a.value, "Compose") and "Random" in ast.unparse(a.value) and isinstance(a.value, ast.Call)
    }
    plain = {last_name(a.targets[0]) for a in all_of(tree, ast.Assign) if calls(a.value, "Compose")} - random
    for call in all_of(tree, ast.Call):
        for given in [*call.args, *call.keywords]:
            value = given.value if isinstance(given, ast.keyword) else given
            if (
                isinstance(value, ast.Name)
                and value.id in plain
                and len(random) == 1
                and last_name(call.func) != "Compose"
            ):
                yield partial(setattr, value, "id", next(iter(random)))


def normalised_first(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``Normalize`` stands before ``ToTensor``."""
    for call in calls(tree, "Compose"):
        for steps in [a.elts for a in call.args if isinstance(a, ast.List)]:
            names = [last_name(s.func) if isinstance(s, ast.Call) else ast.unparse(s) for s in steps]
            if "ToTensor" in names and "Normalize" in names:
                yield partial(_exchange, steps, names.index("ToTensor"), names.index("Normalize"))


def _exchange(steps: list[ast.expr], a: int, b: int) -> None:
    steps[a], steps[b] = steps[b], steps[a]


def other_statistics(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """One of several alike normalisations uses other constants."""
    found = calls(tree, "Normalize")
    texts = {ast.unparse(call) for call in found}
    if len(found) > 1 and len(texts) == 1 and "0.5]" not in "".join(texts):
        yield partial(_half, found[-1])


def _half(call: ast.Call) -> None:
    call.args, call.keywords = [ast.parse("(0.5, 0.5, 0.5)", mode="eval").body for _ in range(2)], []


def not_scaled(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Columns go into the network as they are."""
    for block in blocks(tree):
        scaled = [
            call
            for line in block
            if isinstance(line, ast.Assign)
            for call in calls(line, "transform", "fit_transform")
            if re.search(r"sc(aler)?\.(fit_)?transform", ast.unparse(call.func)) and len(call.args) == 1
        ]
        if len(scaled) == 2:
            yield partial(_unscale, tree, scaled)


def _unscale(tree: ast.Module, scaled: list[ast.Call]) -> None:
    for call in scaled:
        replace(tree, call, call.args[0])


def pixels_not_scaled(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``/ 255`` is missing."""
    for node in all_of(tree, ast.BinOp):
        pixels = not isinstance(node.left, ast.Constant)
        if pixels and isinstance(node.op, ast.Div) and ast.unparse(node.right) in ("255", "255.0"):
            yield partial(replace, tree, node, node.left)


def rescaling_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``Rescaling(1 / 255)`` leaves the network, ``rescale=1 / 255`` the generators of images."""
    for outer in calls(tree, "Sequential"):
        for layers in [a.elts for a in outer.args if isinstance(a, ast.List)]:
            for layer in layers:
                if isinstance(layer, ast.Call) and last_name(layer.func) == "Rescaling":
                    yield partial(layers.remove, layer)
    generators = [c for c in calls(tree, "ImageDataGenerator") if keyword(c, "rescale") is not None]
    if generators:
        yield lambda: [without(call, "rescale")() for call in generators]


def shuffled_apart(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The labels are put into another order, alone."""
    for block in blocks(tree):
        for line in list(block):
            if (
                isinstance(line, ast.Assign)
                and calls(line, "train_test_split")
                and len(calls(line, "train_test_split")[0].args) > 1
            ):
                labels = calls(line, "train_test_split")[0].args[1]
                if isinstance(labels, ast.Name):
                    yield partial(_shuffle_before, tree, block, line, labels.id)


def _shuffle_before(tree: ast.Module, block: list[ast.stmt], line: ast.stmt, labels: str) -> None:
    block.insert(block.index(line), statement(f"{labels} = np.random.permutation({labels})"))
    tree.body.insert(1 if isinstance(tree.body[0], ast.Expr) else 0, statement("import numpy as np"))
