"""Faults of layers, their sizes and their order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import (
    Edit,
    Finder,
    all_of,
    blocks,
    calls,
    drop,
    expression,
    heads,
    keyword,
    need_torch,
    parents,
    replace,
    statement,
    statements,
    without,
)
from tests.faults.programs import Program, last_name, method

WEIGHTED = ("Linear", "Conv1d", "Conv2d", "ConvTranspose2d")
NORMS = ("BatchNorm1d", "BatchNorm2d", "LayerNorm")
ACTIVATIONS = ("ReLU", "GELU")
FUNCTIONAL = ("relu", "gelu")


def one_too_many(*layers: str) -> Finder:
    """The first size of a layer is one more than what comes in; the first layer of a head takes what is given."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        skipped = {id(call) for call in _first_layers(tree, program)}
        for call in calls(tree, *layers):
            if call.args and id(call) not in skipped and "len(" not in ast.unparse(call):
                yield partial(call.args.__setitem__, 0, _plus_one(call.args[0]))
            elif (named := _first_by_name(call)) is not None and id(call) not in skipped:
                yield partial(setattr, named, "value", _plus_one(named.value))

    return find


def _plus_one(size: ast.expr) -> ast.expr:
    if isinstance(size, ast.Constant) and isinstance(size.value, int):
        return ast.Constant(size.value + 1)
    return expression("n + 1", n=size)


def _first_by_name(call: ast.Call) -> ast.keyword | None:
    return keyword(call, "in_features") or keyword(call, "in_channels")


def _first_layers(tree: ast.Module, program: Program) -> Iterator[ast.Call]:
    """The layer that takes the program's input: its size is right whatever it is."""
    owners: list[ast.AST] = [c for c in all_of(tree, ast.ClassDef) if c.name in program.heads]
    for owner in owners or [tree]:
        start = method(owner, "__init__") if isinstance(owner, ast.ClassDef) else owner
        found = sorted(
            calls(start, *WEIGHTED, "GRU", "LSTM", "Embedding") if start else [],
            key=lambda c: (c.lineno, c.col_offset),
        )
        yield from found[:1]
    for name in (
        "GraphConvolution",
        "PatchEmbed",
        "DoubleConv",
        "block",
    ):  # the first of its kind is fed the input
        for cls in all_of(tree, ast.ClassDef | ast.FunctionDef):
            if cls.name == name and name in ("PatchEmbed",):
                yield from calls(cls, *WEIGHTED)[:1]


def flatten_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Maps go into a Linear as they are."""
    for call in calls(tree, "Flatten"):
        for outer in calls(tree, "Sequential"):
            if call in outer.args:
                yield partial(outer.args.remove, call)
            for given in outer.args:
                if isinstance(given, ast.List) and call in given.elts:
                    yield partial(given.elts.remove, call)
    for call in calls(tree, "flatten"):
        function = call.func
        if isinstance(function, ast.Attribute) and last_name(function.value) == "torch":
            yield partial(replace, tree, call, call.args[0])
        elif isinstance(function, ast.Attribute) and [ast.unparse(a) for a in call.args] == ["1"]:
            yield partial(replace, tree, call, function.value)
    for call in calls(tree, "view"):
        if (
            len(call.args) == 2
            and ast.unparse(call.args[0]).endswith("size(0)")
            and isinstance(call.func, ast.Attribute)
        ):
            yield partial(replace, tree, call, call.func.value)


def batch_flattened(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``view(n, -1)`` becomes ``view(1, -1)``, ``flatten(x, 1)`` becomes ``flatten(x)``."""
    for call in calls(tree, "view"):
        if len(call.args) == 2 and ast.unparse(call.args[0]).endswith("size(0)"):
            yield partial(call.args.__setitem__, 0, ast.Constant(1))


def activation_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Nothing is left between two Linear layers."""
    for outer in calls(tree, "Sequential"):
        for n, layer in enumerate(outer.args):
            if (
                n
                and isinstance(layer, ast.Call)
                and last_name(layer.func) in ACTIVATIONS
                and _is_linear(outer.args[n - 1])
            ):
                following = [last_name(a.func) for a in outer.args[n + 1 :] if isinstance(a, ast.Call)]
                if [name for name in following if name != "Dropout"][:1] == ["Linear"]:
                    yield partial(outer.args.remove, layer)
    for cls in all_of(tree, ast.ClassDef):
        hidden = _linear_attributes(cls)[:-1]
        for call in calls(cls, *FUNCTIONAL, "act", "activation"):
            argument = call.args[0] if call.args else None
            if isinstance(argument, ast.Call) and last_name(argument.func) in hidden:
                yield partial(replace, tree, call, argument)


def _is_linear(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "Linear"


def _linear_attributes(cls: ast.ClassDef) -> list[str]:
    """Attributes that are a Linear each, in the order of their making."""
    made = [a for a in all_of(cls, ast.Assign) if _is_linear(a.value)]
    targets = [a.targets[0] for a in sorted(made, key=lambda a: a.lineno)]
    return [target.attr for target in targets if isinstance(target, ast.Attribute)]


def constant_weights(how: str) -> Finder:
    """A hidden layer's weights get one value each."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for cls in all_of(tree, ast.ClassDef):
            start = method(cls, "__init__")
            if cls.name not in program.heads or start is None:
                continue
            for name in _linear_attributes(cls)[:-1][:2]:
                if len(_linear_attributes(cls)) > 2 or not name.startswith("fc2"):
                    yield partial(_fill, tree, start, how.format(f"self.{name}.weight"))

    return find


def _fill(tree: ast.Module, start: ast.FunctionDef, line: str) -> None:
    start.body.append(statement(line))
    need_torch(tree)


def uninitialised(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``nn.Parameter(torch.randn(...))`` becomes ``torch.empty``; ``reset_parameters`` is not called."""
    for call in calls(tree, "Parameter"):
        for inner in calls(call, "randn", "zeros", "rand"):
            if isinstance(inner.func, ast.Attribute):
                yield partial(setattr, inner.func, "attr", "empty")
    for block, line, _ in statements(tree, "reset_parameters"):
        yield partial(drop, block, line)


def dropout_before_norm(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Dropout right before batch norm."""
    for outer in calls(tree, "Sequential"):
        for layer in outer.args:
            if isinstance(layer, ast.Call) and last_name(layer.func).startswith("BatchNorm"):
                yield partial(_insert, tree, outer.args, layer)


def _insert(tree: ast.Module, layers: list[ast.expr], before: ast.expr) -> None:
    layers.insert(layers.index(before), expression("torch.nn.Dropout(0.3)"))
    need_torch(tree)


def dropout_rate(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The share that is kept is given for the share that is dropped."""
    for call in calls(tree, "Dropout"):
        for constant in [a for a in call.args if isinstance(a, ast.Constant)]:
            yield partial(setattr, constant, "value", 0.9)


def dropout_always(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``F.dropout`` without the mode, in the place of a layer or of a call with it."""
    for call in calls(tree, "dropout"):
        if keyword(call, "training") is not None and not program.mentions("keras"):
            yield without(call, "training")
    for cls in all_of(tree, ast.ClassDef):
        forward = method(cls, "forward")
        for call in calls(forward, "drop", "dropout", "dropout1", "dropout2") if forward is not None else ():
            if ast.unparse(call.func).startswith("self.") and len(call.args) == 1:
                yield partial(_functional, tree, call)


def _functional(tree: ast.Module, call: ast.Call) -> None:
    replace(tree, call, expression("torch.nn.functional.dropout(x, 0.5)", x=call.args[0]))
    need_torch(tree)


def momentum_of_keras(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Keras' convention in torch."""
    for call in calls(tree, "BatchNorm1d", "BatchNorm2d"):
        yield partial(call.keywords.append, ast.keyword("momentum", ast.Constant(0.99)))


def single_recurrent_layer(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``dropout=`` in a recurrent net of one layer."""
    for function in all_of(tree, ast.FunctionDef):
        if not calls(function, "LSTM", "GRU"):
            continue
        given = function.args.args[len(function.args.args) - len(function.args.defaults) :]
        for n, argument in enumerate(given):
            if argument.arg in ("n_layers", "num_layers"):
                yield partial(function.args.defaults.__setitem__, n, ast.Constant(1))


def batch_first_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The layout contradicts how outputs are taken."""
    for call in calls(tree, "LSTM", "GRU", "TransformerEncoderLayer"):
        if keyword(call, "batch_first") is not None:
            yield without(call, "batch_first")


def plain_list(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``nn.ModuleList([...])`` becomes ``[...]``."""
    for call in calls(tree, "ModuleList"):
        if call.args:
            yield partial(replace, tree, call, call.args[0])


def super_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``super().__init__()`` is missing."""
    for block, line, call in statements(tree, "__init__"):
        if ast.unparse(call).startswith("super(") and _is_of_a_module(tree, line):
            yield partial(drop, block, line)


def _is_of_a_module(tree: ast.Module, line: ast.stmt) -> bool:
    return any(
        method(cls, "forward") is not None and line in ast.walk(cls) for cls in all_of(tree, ast.ClassDef)
    )


def unused_layer(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """A layer more, which forward never uses."""
    for cls, _, _ in heads(tree, program):
        start = method(cls, "__init__")
        if start is not None:
            yield partial(_fill, tree, start, "self.extra_layer = torch.nn.Linear(16, 16)")


def swapped_by_view(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``view(b, t, h, d).transpose(1, 2)`` becomes ``view(b, h, t, d)``."""
    for call in calls(tree, "transpose"):
        inner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(inner, ast.Call) and last_name(inner.func) == "view" and len(inner.args) == 4:
            yield partial(_view, tree, call, inner)


def _view(tree: ast.Module, call: ast.Call, inner: ast.Call) -> None:
    inner.args[1], inner.args[2] = inner.args[2], inner.args[1]
    replace(tree, call, inner)


def contiguous_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``transpose(1, 2).contiguous().view(...)`` without the copy."""
    for call in calls(tree, "contiguous"):
        if isinstance(call.func, ast.Attribute):
            yield partial(replace, tree, call, call.func.value)


def mask_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Causal attention sees what comes after."""
    for block in blocks(tree):
        for line in list(block):
            if isinstance(line, ast.Assign) and calls(line, "masked_fill"):
                yield partial(drop, block, line)


def argument_ignored(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``nn.Dropout(dropout)`` becomes ``nn.Dropout(0.5)``, so that the constructor's argument does nothing."""
    up = parents(tree)
    for start in all_of(tree, ast.FunctionDef):
        if start.name != "__init__" or not isinstance(up[start], ast.ClassDef):
            continue
        for argument in start.args.args[1:]:
            uses = [n for n in all_of(start, ast.Name) if n.id == argument.arg]
            if (
                len(uses) == 1
                and isinstance(up[uses[0]], ast.Call)
                and argument.arg in ("dropout", "p", "drop")
            ):
                yield partial(replace, tree, uses[0], ast.Constant(0.25))


def without_projection(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The skip is added as it is, though the block changes its size."""
    for block in blocks(tree):
        for line in list(block):
            if isinstance(line, ast.If) and "shortcut" in ast.unparse(line):
                yield partial(drop, block, line)


def shared_norm(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """One batch norm in two places."""
    for call in calls(tree, "bn2"):
        if isinstance(call.func, ast.Attribute):
            yield partial(setattr, call.func, "attr", "bn1")
