"""Faults of the last layer and the loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import (
    Edit,
    Finder,
    all_of,
    calls,
    drop,
    expression,
    heads,
    keyword,
    need_torch,
    only,
    parents,
    replace,
    sequentials,
    statement,
    training_losses,
    without,
)
from tests.faults.programs import Program, last_name, method

ELEMENTWISE = ("regression", "bce", "bce_with_logits")


def returned(wrapper: str, *kinds: str) -> Finder:
    """``return x`` becomes ``return wrapper(x)`` where all losses are of these kinds."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for _, _, end in heads(tree, program) if only(program, *kinds) else ():
            yield partial(_wrap, tree, end, wrapper)

    return find


def _wrap(tree: ast.Module, end: ast.Return, wrapper: str) -> None:
    assert end.value is not None
    end.value = expression(wrapper, x=end.value)
    need_torch(tree)


def as_module(layer: str, *kinds: str) -> Finder:
    """The layer is built in ``__init__`` and applied in ``return``."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for cls, _, end in heads(tree, program) if only(program, *kinds) else ():
            start = method(cls, "__init__")
            if start is not None:
                yield partial(_add_module, tree, start, end, layer)

    return find


def _add_module(tree: ast.Module, start: ast.FunctionDef, end: ast.Return, layer: str) -> None:
    start.body.append(statement(f"self.output_activation = torch.nn.{layer}"))
    _wrap(tree, end, "self.output_activation(x)")


def appended(layer: str, *kinds: str) -> Finder:
    """A Sequential that is the model, or its end, gets one layer more."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for call in sequentials(tree, program) if only(program, *kinds) else ():
            yield partial(_append, tree, call, layer)

    return find


def _append(tree: ast.Module, call: ast.Call, layer: str) -> None:
    call.args.append(expression(f"torch.nn.{layer}"))
    need_torch(tree)


def at_loss(wrapper: str, *kinds: str) -> Finder:
    """``criterion(out, y)`` becomes ``criterion(wrapper(out), y)`` in training."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for call in training_losses(tree, program, *kinds):
            yield partial(_wrap_argument, tree, call, wrapper)

    return find


def _wrap_argument(tree: ast.Module, call: ast.Call, wrapper: str) -> None:
    call.args[0] = expression(wrapper, x=call.args[0])
    need_torch(tree)


def activation_dropped(name: str, *kinds: str) -> Finder:
    """``torch.sigmoid(x)``, ``x.sigmoid()``, ``F.log_softmax(x, dim=1)`` become ``x`` in what a head returns;
    ``nn.Sigmoid()`` leaves the end of a Sequential.
    """
    layer = {"sigmoid": "Sigmoid", "log_softmax": "LogSoftmax"}[name]

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        if not only(program, *kinds):
            return
        for _, forward, _ in heads(tree, program):
            for call in calls(forward, name):
                function = call.func
                method_call = isinstance(function, ast.Attribute) and last_name(function.value) not in (
                    "torch",
                    "F",
                )
                inner = (
                    function.value if isinstance(function, ast.Attribute) and method_call else call.args[0]
                )
                yield partial(replace, tree, call, inner)
        for call in sequentials(tree, program):
            for last in calls(call.args[-1], layer):
                yield partial(call.args.remove, last)

    return find


def arguments_swapped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``criterion(y, out)``."""
    for call in training_losses(tree, program, "cross_entropy", "nll", "bce", "bce_with_logits", "kl_div"):
        yield partial(_swap, call)


def _swap(call: ast.Call) -> None:
    call.args[:2] = call.args[1::-1]


def batch_axis(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``softmax(x, dim=1)`` becomes ``dim=0``; attention, over the last axis of more than two, is left out."""
    up = parents(tree)
    for call in calls(tree, "softmax", "log_softmax"):
        dim = keyword(call, "dim")
        if dim is None or ast.unparse(dim.value) not in ("1",):
            continue
        if up.get(call) is not None:
            yield partial(setattr, dim, "value", ast.Constant(0))


def squeeze_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``out.squeeze(1)`` becomes ``out``, and ``y.unsqueeze(1)`` becomes ``y``: (N, 1) meets (N,)."""
    if not only(program, *ELEMENTWISE):
        return
    for call in calls(tree, "squeeze", "unsqueeze"):
        function = call.func
        if not isinstance(function, ast.Attribute) or [ast.unparse(a) for a in call.args] not in (
            ["1"],
            ["-1"],
        ):
            continue
        if "image" not in ast.unparse(function.value) and "action" not in ast.unparse(function.value):
            yield partial(replace, tree, call, function.value)


def squared_error_of_classes(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Cross-entropy becomes the squared error of probabilities and one-hot labels."""
    for call in training_losses(tree, program, "cross_entropy"):
        yield partial(_squared_error, tree, call)


def _squared_error(tree: ast.Module, call: ast.Call) -> None:
    prediction, target = call.args[:2]
    new = expression(
        "torch.nn.functional.mse_loss(torch.softmax(a, dim=1), torch.nn.functional.one_hot(b, 10).float())",
        a=prediction,
        b=target,
    )
    replace(tree, call, new)
    need_torch(tree)


def logarithm_by_hand(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``log_softmax(x, dim=1)`` becomes ``log(softmax(x, dim=1))``."""
    for call in calls(tree, "log_softmax"):
        dim = keyword(call, "dim")
        if call.args and dim is not None:
            yield partial(_by_hand, tree, call, dim.value)


def _by_hand(tree: ast.Module, call: ast.Call, dim: ast.expr) -> None:
    replace(tree, call, expression("torch.log(torch.softmax(x, dim=d))", x=call.args[0], d=dim))
    need_torch(tree)


def log_probabilities_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``kl_div(log_softmax(a), softmax(b))`` becomes ``kl_div(softmax(a), softmax(b))``."""
    for call in training_losses(tree, program, "kl_div"):
        for inner in calls(call.args[0], "log_softmax"):
            if isinstance(inner.func, ast.Attribute):
                yield partial(setattr, inner.func, "attr", "softmax")


def threshold_of_logits(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``sigmoid(out) > 0.5`` becomes ``out > 0.5``."""
    if not only(program, "bce_with_logits"):
        return
    for call in calls(tree, "sigmoid"):
        if isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "torch":
            yield partial(replace, tree, call, call.args[0])


def one_unit(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The last Linear of a head with cross-entropy gives one score."""
    if not only(program, "cross_entropy", "nll"):
        return
    for cls, _, _ in heads(tree, program):
        start = method(cls, "__init__")
        linears = calls(start, "Linear") if start is not None else []
        last = max(linears, key=lambda c: c.lineno, default=None)
        if last is not None and len(last.args) > 1:
            yield partial(last.args.__setitem__, 1, ast.Constant(1))


# Keras


def _dense(tree: ast.Module) -> list[ast.Call]:
    return sorted(calls(tree, "Dense"), key=lambda c: c.lineno)


def last_dense(activation: str, *marks: str) -> Finder:
    """The last Dense layer gets an activation where the text has one of the marks (of its loss)."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        layers = _dense(tree)
        if layers and program.mentions(*marks) and keyword(layers[-1], "activation") is None:
            yield partial(layers[-1].keywords.append, ast.keyword("activation", ast.Constant(activation)))

    return find


def last_activation_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Probabilities are wanted, scores are given."""
    for layer in _dense(tree)[-1:]:
        if keyword(layer, "activation") is not None and program.mentions("crossentropy"):
            yield without(layer, "activation")


def from_logits_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The loss takes the scores for probabilities."""
    for call in all_of(tree, ast.Call):
        if keyword(call, "from_logits") is not None:
            yield without(call, "from_logits")


def sigmoid_to_softmax(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``Dense(1, activation="softmax")`` gives 1 whatever comes in."""
    for layer in _dense(tree)[-1:]:
        activation = keyword(layer, "activation")
        if activation is not None and ast.unparse(activation.value) == "'sigmoid'":
            yield partial(setattr, activation, "value", ast.Constant("softmax"))


def loss_text(old: str, new: str) -> Finder:
    """Another loss by name, or by class."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for node in all_of(tree, ast.Constant):
            if node.value == old:
                yield partial(setattr, node, "value", new)
        for node in all_of(tree, ast.Attribute):
            if node.attr == old:
                yield partial(setattr, node, "attr", new)

    return find


def one_hot_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Integer labels meet a loss for one-hot ones."""
    for block in [tree.body]:
        for line in list(block):
            if "to_categorical" in ast.unparse(line) and isinstance(line, ast.Assign):
                yield partial(drop, block, line)
