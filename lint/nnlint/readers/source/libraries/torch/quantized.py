"""What prepares models for quantization: plain arithmetic and identities as long as nothing is converted."""

from __future__ import annotations

import ast

from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor, binary
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.torch.layer_classes import SYMBOLS as LAYERS
from nnlint.readers.source.libraries.torch.modules import MODULE
from nnlint.readers.source.libraries.torch.special import several


def _operator(op: ast.operator, activation: str = "") -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        result = binary(i, op, arguments.get(1, "x", UNKNOWN), arguments.get(2, "y", UNKNOWN), call.node)
        if not activation:
            return result
        return i.operate(activation, (as_tensor(i, result, call.node),), {}, call.place)

    return run


def _side_by_side(call: Call, arguments: Arguments) -> Value:
    return several("concat")(call, arguments.after_self())


METHODS: dict[str, Code] = {
    "add": _operator(ast.Add()),
    "add_scalar": _operator(ast.Add()),
    "add_relu": _operator(ast.Add(), "relu"),
    "mul": _operator(ast.Mult()),
    "mul_scalar": _operator(ast.Mult()),
    "matmul": _operator(ast.MatMult()),
    "cat": _side_by_side,
}
FLOAT_FUNCTIONAL = library_class(
    "torch.ao.nn.quantized.FloatFunctional",
    (MODULE,),
    {name: native(name, code) for name, code in METHODS.items()},
)

SYMBOLS: dict[str, Value] = {
    **dict.fromkeys(
        ("torch.ao.nn.quantized.FloatFunctional", "torch.nn.quantized.FloatFunctional"), FLOAT_FUNCTIONAL
    ),
    **{
        f"{root}.{name}": LAYERS["torch.nn.Identity"]
        for root in ("torch.ao.quantization", "torch.quantization")
        for name in ("QuantStub", "DeQuantStub")
    },
}
