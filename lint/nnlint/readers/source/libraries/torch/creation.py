"""Tensors that programs make from nothing or from data: ``zeros``, ``randn``, ``tensor``, ``arange``..."""

from __future__ import annotations

import ast
from math import ceil
from typing import Any

from nnlint.evidence.source import Labels
from nnlint.network.facts import Range
from nnlint.network.graph import Initialization, Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Symbolic
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.numbers import MAX_NUMBERS, as_attribute, linspace
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Instance,
    ListValue,
    OneOf,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.torch.special import of_tensor, sizes_of
from nnlint.readers.source.libraries.weights import size_of

# creation


def _create(low: float | None, high: float | None, **drawn: str) -> Code:
    """``drawn``: the ``law`` of values that are random (``normal``: N(0, 1), ``uniform``: U(0, 1))."""

    def run(call: Call, arguments: Arguments) -> Value:
        sizes = (
            None
            if arguments.open
            else sizes_of(arguments.positional or [arguments.keywords.get("size", UNKNOWN)])
        )
        shape = UNKNOWN_SHAPE if sizes is None else Shape(sizes)
        span = None if low is None or high is None else Range(low, high)
        return constant(call, shape, span, **drawn, **asked(arguments))

    return run


def asked(arguments: Arguments) -> dict[str, Any]:
    """``requires_grad=True`` as an attribute."""
    wanted = arguments.keywords.get("requires_grad", False)
    return {} if wanted is False else {"requires_grad": True}


def constant(call: Call, shape: Shape, span: Range | None, **attributes: Any) -> Tensor:
    """A tensor that the program makes from nothing."""
    return Tensor(Operation("constant", (), {"shape": shape, **attributes}, call.place), shape, span)


def _empty(call: Call, arguments: Arguments) -> Value:
    tensor = _create(None, None)(call, arguments)
    return constant(call, tensor.shape, None, uninitialized=True, **asked(arguments))


def _full(call: Call, arguments: Arguments) -> Value:
    sizes, value = sizes_of([arguments.get(0, "size", UNKNOWN)]), arguments.get(1, "fill_value", UNKNOWN)
    span = Range(float(value), float(value)) if isinstance(value, int | float) else None
    return constant(call, UNKNOWN_SHAPE if sizes is None else Shape(sizes), span, **asked(arguments))


def _randint(call: Call, arguments: Arguments) -> Value:
    """``randint(high, size)`` or ``randint(low, high, size)``: the size comes after the bounds."""
    given = next((v for v in arguments.positional if isinstance(v, tuple | ListValue)), UNKNOWN)
    size = arguments.keywords.get("size", given)
    sizes = sizes_of([size]) if isinstance(size, tuple | ListValue) and not arguments.open else None
    numbers = [v for v in arguments.positional[:2] if isinstance(v, int)]
    high = numbers[-1] if numbers else arguments.keywords.get("high")
    low = numbers[0] if len(numbers) > 1 else arguments.keywords.get("low", 0)
    known = high if isinstance(high, int) and low == 0 else None
    labels = Labels("integers", "randint", call.place, known)
    return constant(call, UNKNOWN_SHAPE if sizes is None else Shape(sizes), None, labels=labels)


def _normal(call: Call, arguments: Arguments) -> Value:
    """``normal(mean, std, size)``; without a size, that of its means."""
    size = arguments.get(2, "size", None)
    sizes = sizes_of([size]) if isinstance(size, tuple | ListValue) and not arguments.open else None
    shape = UNKNOWN_SHAPE if sizes is None else Shape(sizes)
    mean, std = arguments.get(0, "mean", 0.0), arguments.get(1, "std", 1.0)
    told = isinstance(mean, int | float) and isinstance(std, int | float)
    law = Initialization("normal", {"mean": mean, "std": std}, call.place) if told else None
    drawn = {} if law is None else {"filled": law}
    return constant(call, shape, Range(float("-inf"), float("inf")), **drawn, **asked(arguments))


def _tensor(call: Call, arguments: Arguments) -> Value:
    data = arguments.get(0, "data", UNKNOWN)
    if isinstance(data, Tensor | Weight):
        return call.interpreter.operate("detach", (of_tensor(call, data),), asked(arguments), call.place)
    held = _held(data)
    if held is not None:
        return constant(call, held.shape, None, data=held, **asked(arguments))
    numbers, attributes = flat_numbers(data), asked(arguments)
    if numbers is None:
        return constant(call, UNKNOWN_SHAPE, None, **attributes)
    shape, values = numbers
    span = Range(min(values), max(values)) if values else None
    return constant(call, Shape(shape), span, values=tuple(values), **attributes)


def _held(value: Value) -> Any:
    """What is known of tables and arrays that become tensors, None for anything else."""
    if not isinstance(value, Instance | OneOf):
        return None
    from nnlint.readers.source.libraries.tabular.values import data_of

    return data_of(value)


def flat_numbers(data: Value) -> tuple[tuple[int, ...], list[float]] | None:
    """Shape and values of nested lists of numbers; None for anything else."""
    items = data.items if isinstance(data, ListValue) else data if isinstance(data, tuple) else None
    if items is None:
        return ((), [float(data)]) if isinstance(data, int | float) else None
    parts = [flat_numbers(item) for item in items]
    if any(p is None for p in parts) or len({p[0] for p in parts if p}) > 1:
        return None
    known = [p for p in parts if p]
    return ((len(items), *(known[0][0] if known else ())), [v for p in known for v in p[1]])


def legacy_tensor(call: Call, arguments: Arguments) -> Value:
    """``torch.Tensor(3, 4)`` and ``torch.FloatTensor(n)`` hold anything, ``torch.Tensor([..])`` its data.

    A ``torch.Size`` gives sizes, any other tuple data: which of them a variable holds is not known here.
    """
    values = arguments.positional[1:]
    written = call.node.args if isinstance(call.node, ast.Call) else []
    if (
        len(values) == 1
        and isinstance(values[0], tuple)
        and not (written and isinstance(written[0], ast.Tuple))
    ):
        return constant(call, UNKNOWN_SHAPE, None)
    if values and all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return constant(call, Shape(tuple(values)), None, uninitialized=True)
    if len(values) > 1 and all(size_of(v) is not None or v is UNKNOWN for v in values):
        return constant(call, Shape(tuple(size_of(v) for v in values)), None, uninitialized=True)
    if len(values) == 1 and (isinstance(values[0], ListValue | tuple) or _held(values[0])):
        return _tensor(call, Arguments(values))
    return constant(call, UNKNOWN_SHAPE, None)


def _arange(call: Call, arguments: Arguments) -> Value:
    """From the start up to the end, in steps; with one argument from 0."""
    names = ("end",) if len(arguments.positional) == 1 else ("start", "end", "step")
    given = {**dict(zip(names, arguments.positional, strict=False)), **arguments.keywords}
    start, end, step = given.get("start", 0), given.get("end", UNKNOWN), given.get("step", 1)
    if arguments.open or not all(isinstance(v, int | float) for v in (start, end, step)) or not step:
        plain_count = start == 0 and step == 1 and isinstance(end, Symbolic) and not arguments.open
        return constant(call, Shape((end if plain_count else None,)), None)
    count = max(ceil((end - start) / step), 0)
    last = start + step * max(count - 1, 0)
    values = [start + step * n for n in range(count)] if count <= MAX_NUMBERS else []
    return constant(
        call,
        Shape((count,)),
        Range(float(min(start, last)), float(max(start, last))),
        **(as_attribute(values) if values else {}),
    )


def _linspace(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("start end steps", arguments)
    steps, start, end = bound["steps"], bound["start"], bound["end"]
    if not isinstance(steps, int) or not all(isinstance(v, int | float) for v in (start, end)):
        return constant(call, Shape((size_of(steps),)), None)
    values = as_attribute(linspace(start, end, steps)) if 0 < steps <= MAX_NUMBERS else {}
    return constant(call, Shape((steps,)), Range(float(min(start, end)), float(max(start, end))), **values)


def _eye(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("n m=None", arguments)
    rows = size_of(bound["n"])
    columns = rows if bound["m"] is None else size_of(bound["m"])
    return constant(call, Shape((rows, columns)), Range(0.0, 1.0))


def _permutation(call: Call, arguments: Arguments) -> Value:
    return constant(call, Shape((size_of(arguments.get(0, "n", UNKNOWN)),)), None)


def _meshgrid(call: Call, arguments: Arguments) -> Value:
    """Each axis spread over all others; ``indexing="xy"`` swaps the first two."""
    single = arguments.positional[0] if len(arguments.positional) == 1 else None
    values = (
        iterate(call.interpreter, single) if isinstance(single, tuple | ListValue) else arguments.positional
    )
    if values is None or arguments.open:
        return UNKNOWN
    axes = [of_tensor(call, value) for value in values]
    sizes = [t.shape.elements() for t in axes]
    if arguments.keywords.get("indexing", "ij") == "xy":
        sizes[:2] = sizes[1::-1]
    return tuple(constant(call, Shape(tuple(sizes)), t.range) for t in axes)


CREATION: dict[str, Code] = {
    "zeros": _create(0.0, 0.0),
    "ones": _create(1.0, 1.0),
    "rand": _create(0.0, 1.0, law="uniform"),
    "randn": _create(float("-inf"), float("inf"), law="normal"),
    "empty": _empty,
    "full": _full,
    "tensor": _tensor,
    "as_tensor": _tensor,
    "from_numpy": _tensor,
    "arange": _arange,
    "linspace": _linspace,
    "eye": _eye,
    "normal": _normal,
    "randint": _randint,
    "randperm": _permutation,
    "meshgrid": _meshgrid,
}
