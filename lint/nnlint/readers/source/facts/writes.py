"""Operations that write their result over their input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnlint.network.graph import Tensor
from nnlint.network.operations import apply

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def writing(i: Interpreter, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an operation; of one in place also whether it is ``certain`` to happen: not below
    a condition that is not decided.
    """
    if attributes.get("inplace") is not True:
        return dict(attributes)
    return {**attributes, "certain": i.trace.conditions == 0}


def overwritten(result: Tensor) -> Tensor:
    """What the name of the input holds after an operation in place: the result, read by another name."""
    return apply("identity", (result,), {"alias": True}, result.place)
