"""Tensors made after the pattern of others: ``zeros_like``, ``new_zeros``, and what fills one in place."""

from __future__ import annotations

from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.torch.special import of_tensor, sizes_of

INFINITY = float("inf")


def _constant(call: Call, shape: Shape, span: Range | None, *inputs: Tensor, **attributes: object) -> Tensor:
    """A tensor whose values do not come from ``inputs``, recorded like any operation."""
    given = {"shape": shape, **({"range": span} if span is not None else {}), **attributes}
    return call.interpreter.operate("constant", inputs, given, call.place)


def _point(value: Value) -> Range | None:
    return Range(float(value), float(value)) if isinstance(value, int | float) else None


def _like(low: float | None, high: float | None) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        pattern = of_tensor(call, arguments.get(0, "input", UNKNOWN))
        span = Range(low, high) if low is not None and high is not None else None
        return _constant(call, pattern.shape, span, pattern)

    return run


def _full_like(call: Call, arguments: Arguments) -> Value:
    pattern = of_tensor(call, arguments.get(0, "input", UNKNOWN))
    return _constant(call, pattern.shape, _point(arguments.get(1, "fill_value", UNKNOWN)), pattern)


def _new(value: float | None) -> Code:
    """``x.new_zeros(sizes)``."""

    def run(call: Call, arguments: Arguments) -> Value:
        given = arguments.positional[1:] or [arguments.keywords.get("size", UNKNOWN)]
        sizes = None if arguments.open else sizes_of(given)
        return _made(call, UNKNOWN_SHAPE if sizes is None else Shape(sizes), _point(value))

    return run


def _new_full(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("input size fill_value", arguments)
    sizes = sizes_of([bound["size"]])
    return _made(call, UNKNOWN_SHAPE if sizes is None else Shape(sizes), _point(bound["fill_value"]))


def _made(call: Call, shape: Shape, span: Range | None) -> Tensor:
    """A tensor from nothing: no part of the computation, as those of ``torch.zeros`` are not."""
    return Tensor(Operation("constant", (), {"shape": shape}, call.place), shape, span)


def _filled(low: float, high: float) -> Code:
    """In place: the shape stays, the values are new."""

    def run(call: Call, arguments: Arguments) -> Value:
        tensor = of_tensor(call, arguments.get(0, "input", UNKNOWN))
        return _constant(call, tensor.shape, Range(low, high), tensor, inplace=True)

    return run


def _uniform(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("input from=0.0 to=1.0", arguments)
    low, high = bound["from"], bound["to"]
    known = isinstance(low, int | float) and isinstance(high, int | float)
    return (
        _filled(float(low), float(high))(call, arguments)
        if known
        else _filled(-INFINITY, INFINITY)(call, arguments)
    )


def _copied(call: Call, arguments: Arguments) -> Value:
    tensor, source = (
        of_tensor(call, arguments.get(n, name, UNKNOWN)) for n, name in enumerate(("input", "src"))
    )
    return call.interpreter.operate(
        "computed", (tensor, source), {"shape": tensor.shape, "inplace": True}, call.place
    )


FUNCTIONS: dict[str, Code] = {
    "zeros_like": _like(0.0, 0.0),
    "ones_like": _like(1.0, 1.0),
    "rand_like": _like(0.0, 1.0),
    "randn_like": _like(-INFINITY, INFINITY),
    "empty_like": _like(None, None),
    "randint_like": _like(None, None),
    "full_like": _full_like,
    "bernoulli": _like(0.0, 1.0),
}

METHODS: dict[str, Code] = {
    "new_zeros": _new(0.0),
    "new_ones": _new(1.0),
    "new_empty": _new(None),
    "new_full": _new_full,
    "normal_": _filled(-INFINITY, INFINITY),
    "uniform_": _uniform,
    "bernoulli_": _filled(0.0, 1.0),
    "random_": _filled(0.0, INFINITY),
    "exponential_": _filled(0.0, INFINITY),
    "log_normal_": _filled(0.0, INFINITY),
    "geometric_": _filled(0.0, INFINITY),
    "cauchy_": _filled(-INFINITY, INFINITY),
    "copy_": _copied,
}
"""Methods of tensors that are no functions of ``torch``."""
