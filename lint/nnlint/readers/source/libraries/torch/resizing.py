"""``torchvision.transforms.functional`` on batches inside a network."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.torch.functions import SYMBOLS as FUNCTIONS


def _resize(call: Call, arguments: Arguments) -> Value:
    """``resize(x, size)`` of a tensor; one number is the shorter side, so that the other one is not known."""
    image, size = (
        arguments.get(0, "img", arguments.get(0, "inpt", UNKNOWN)),
        arguments.get(1, "size", UNKNOWN),
    )
    if not isinstance(image, Tensor):
        return UNKNOWN
    asked = UNKNOWN if isinstance(size, int) else size
    interpolate = FUNCTIONS["torch.nn.functional.interpolate"]
    return call.interpreter.call(interpolate, Arguments([image, asked]), call.node)


SYMBOLS: dict[str, Value] = {
    f"torchvision.transforms.{version}functional.resize": native("resize", _resize) for version in ("", "v2.")
}
