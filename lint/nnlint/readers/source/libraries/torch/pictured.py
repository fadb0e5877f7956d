"""Transforms of images that a program calls by itself: what comes out of ``self.transform(image)``."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value, Weight
from nnlint.readers.source.libraries.torch.vision import PIXELS, Picture, picture_tensor, through


def applied(call: Call, arguments: Arguments) -> Value:
    """A transform of one image of any size; tensors, and several values at once, are not followed."""
    transform, given = arguments.positional[0], arguments.get(1, "img", UNKNOWN)
    if len([*arguments.all()]) != 2 or isinstance(given, Tensor | Weight) or arguments.open:
        return call.interpreter.project.libraries.call_unknown(call, transform, arguments.after_self())
    picture = through(call, Picture(None, None, None, PIXELS), (transform,))
    if picture is not None and picture.tensor:
        return picture_tensor(call, picture)
    kept = picture is not None and picture.range == PIXELS and isinstance(given, Instance)
    return given if kept else UNKNOWN
