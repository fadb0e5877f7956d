"""Products and sums over axes that they share: ``einsum``, ``tensordot``, ``addmm``, ``outer``..."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Conflict, Shape, broadcast
from nnlint.network.size import Size, multiply
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, ListValue, Value
from nnlint.readers.source.libraries.rows import Code, plain
from nnlint.readers.source.libraries.torch.picking import operate


def _tensors(call: Call, arguments: Arguments, signature: str) -> tuple[Tensor, ...]:
    bound = bind_signature(signature, arguments)
    return tuple(as_tensor(call.interpreter, value, call.node) for value in bound.values())


def _einsum(call: Call, arguments: Arguments) -> Value:
    equation, *given = arguments.positional if arguments.positional else [UNKNOWN]
    if len(given) == 1 and isinstance(given[0], tuple | ListValue):
        given = iterate(call.interpreter, given[0]) or []
    operands = tuple(as_tensor(call.interpreter, value, call.node) for value in given)
    written = equation if isinstance(equation, str) and not arguments.open else None
    shape = UNKNOWN_SHAPE if written is None else einsum(written, [t.shape for t in operands])
    attributes = {"shape": shape, "equation": written}
    return call.interpreter.operate("contract", operands, attributes, call.place)


def einsum(equation: str, shapes: list[Shape]) -> Shape:
    """The shape that an equation of letters gives; UNKNOWN where an operand's axes cannot be told."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        return UNKNOWN_SHAPE
    sizes: dict[str, Size] = {}
    around = Shape()
    for term, shape in zip(terms, shapes, strict=True):
        before, dots, after = term.partition("...")
        for n, letter in enumerate(after):
            _meet(sizes, letter, shape.axis(n - len(after)))
        if not dots and not shape.open and len(before) != len(shape.sizes):
            return UNKNOWN_SHAPE
        for n, letter in enumerate(before):
            _meet(sizes, letter, shape.axis(n) if dots or not shape.open else shape.axis(n - len(before)))
        if dots:
            around = _around(around, shape, len(before), len(after))
    if not arrow:
        once = sorted(letter for letter in sizes if left.count(letter) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    before, dots, after = right.partition("...")
    head, tail = (tuple(sizes.get(letter) for letter in part) for part in (before, after))
    if not dots:
        return Shape(head)
    return Shape((*around.sizes, *tail), open=True) if around.open else Shape((*head, *around.sizes, *tail))


def _meet(sizes: dict[str, Size], letter: str, size: Size) -> None:
    if letter not in sizes or sizes[letter] in (None, 1):
        sizes[letter] = size


def _around(around: Shape, shape: Shape, before: int, after: int) -> Shape:
    """The axes behind the dots, of all operands broadcast."""
    if shape.open:
        return UNKNOWN_SHAPE
    try:
        return broadcast(around, Shape(shape.sizes[before : len(shape.sizes) - after]))
    except Conflict:
        return UNKNOWN_SHAPE


def _added_product(call: Call, arguments: Arguments) -> Value:
    """``addmm``, ``baddbmm``: a product and what is added to it."""
    added, first, second = _tensors(call, arguments, "input mat1 mat2")
    i = call.interpreter
    product = i.operate("matmul", (first, second), {}, call.place)
    return i.operate("add", (added, product), {}, call.place)


def _outer(call: Call, arguments: Arguments) -> Value:
    a, b = _tensors(call, arguments, "input vec2")
    return operate(call, "contract", (a, b), Shape((a.shape.axis(0), b.shape.axis(0))))


def _dot(call: Call, arguments: Arguments) -> Value:
    return operate(call, "contract", _tensors(call, arguments, "input other"), Shape())


def _matrix_vector(call: Call, arguments: Arguments) -> Value:
    return call.interpreter.operate("matmul", _tensors(call, arguments, "input vec"), {}, call.place)


def _tensordot(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("a b dims=2", arguments)
    a, b = (as_tensor(call.interpreter, bound[name], call.node) for name in "ab")
    return operate(call, "contract", (a, b), tensordot(a.shape, b.shape, plain(bound["dims"])))


def tensordot(a: Shape, b: Shape, axes: Value) -> Shape:
    """What is left of two shapes when ``axes`` (a count, or two lists) are summed over."""
    if a.rank is None or b.rank is None:
        return UNKNOWN_SHAPE
    if isinstance(axes, int):
        return Shape((*a.sizes[: a.rank - axes], *b.sizes[axes:]))
    pairs = [plain(part) for part in axes] if isinstance(axes, tuple) and len(axes) == 2 else []
    left, right = ({p} if isinstance(p, int) else p for p in pairs) if len(pairs) == 2 else (None, None)
    if not isinstance(left, tuple | set) or not isinstance(right, tuple | set):
        return UNKNOWN_SHAPE
    gone = ({n % a.rank for n in left}, {n % b.rank for n in right})
    kept = [s for n, s in enumerate(a.sizes) if n not in gone[0]]
    return Shape((*kept, *(s for n, s in enumerate(b.sizes) if n not in gone[1])))


def _distances(call: Call, arguments: Arguments) -> Value:
    """``cdist``: (…, P, M), (…, R, M) -> (…, P, R)."""
    a, b = _tensors(call, arguments, "x1 x2")
    batch = _broadcast(a.shape.drop_last(2), b.shape.drop_last(2))
    known = len(a.shape.sizes) > 1 and len(b.shape.sizes) > 1
    shape = Shape((*batch.sizes, a.shape.axis(-2), b.shape.axis(-2)), batch.open) if known else UNKNOWN_SHAPE
    return operate(call, "computed", (a, b), shape)


def _broadcast(a: Shape, b: Shape) -> Shape:
    try:
        return broadcast(a, b)
    except Conflict:
        return UNKNOWN_SHAPE


def _over_axis(default: int) -> Code:
    """Two tensors compared along an axis that goes: ``cosine_similarity``, ``pairwise_distance``."""

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        a, b = _tensors(call, Arguments(arguments.positional[:2], arguments.keywords), "x1 x2")
        axis = default if default < 0 else arguments.get(2, "dim", default)
        both = i.operate("elementwise", (a, b), {}, call.place)
        return i.operate("reduce", (both,), {"axis": axis, "keepdim": False}, call.place)

    return run


def _kron(call: Call, arguments: Arguments) -> Value:
    a, b = _tensors(call, arguments, "input other")
    known = a.shape.rank is not None and a.shape.rank == b.shape.rank
    sizes = tuple(multiply(x, y) for x, y in zip(a.shape.sizes, b.shape.sizes, strict=False))
    return operate(call, "contract", (a, b), Shape(sizes) if known else UNKNOWN_SHAPE)


FUNCTIONS: dict[str, Code] = {
    "einsum": _einsum,
    "addmm": _added_product,
    "baddbmm": _added_product,
    "addmv": _added_product,
    "outer": _outer,
    "ger": _outer,
    "dot": _dot,
    "vdot": _dot,
    "mv": _matrix_vector,
    "tensordot": _tensordot,
    "kron": _kron,
    "cdist": _distances,
    "cosine_similarity": _over_axis(1),
}
PAIRWISE: dict[str, Code] = {"pairwise_distance": _over_axis(-1)}
"""Functions of ``torch.nn.functional`` alone."""
