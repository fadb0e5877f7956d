"""Parameters of modules: made by layers, by ``nn.Parameter``, counted with their initial values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.evidence.place import Place
from nnlint.network.graph import Initialization, Operation, Parameter, Tensor
from nnlint.network.operations import RULES
from nnlint.network.shape import Shape
from nnlint.network.size import Size
from nnlint.readers.source.language.values import Value, Weight

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def make_weight(sizes: tuple[Size, ...], place: Place, initialization: Initialization) -> Weight:
    """A trainable tensor of a known shape."""
    return weight_of(Shape(sizes), place, initialization)


def weight_of(
    shape: Shape, place: Place, initialization: Initialization, trainable: bool | None = True
) -> Weight:
    """A trainable tensor."""
    operation = Operation("parameter", (), {"shape": shape}, place)
    tensor = Tensor(operation, shape, RULES["parameter"].range((), {}))
    return Weight(tensor, {"initialization": initialization, "trainable": trainable}, place)


def as_parameter(name: str, weight: Weight) -> Parameter:
    """The evidence for a weight as it stands now."""
    return Parameter(
        name,
        weight.tensor.shape,
        weight.initialization,
        weight.state["trainable"],
        weight.place,
        weight.tensor.operation.number,
    )


def size_of(value: Value) -> Size:
    """A value as a size: a positive number, a symbol, or unknown."""
    from nnlint.network.size import Symbolic

    if isinstance(value, bool):
        return None
    return value if isinstance(value, int | Symbolic) else None


def set_trainable(i: Interpreter, weight: Weight, on: Value) -> None:
    """``requires_grad`` is set; of a frozen weight that is thawed, how many events there were is kept."""
    if on is True and weight.state["trainable"] is False:
        i.heap.write(weight.state, "thawed", len(i.trace.events))
    i.heap.write(weight.state, "trainable", on if isinstance(on, bool) else None)
