"""Images as Pillow and OpenCV read them: arrays of bytes, until the program makes something else of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Span
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Library, Value
from nnlint.readers.source.libraries.tabular.rows import held
from nnlint.readers.source.libraries.tabular.values import Data, data_of, wrap

BYTES = (0.0, 255.0)
READERS = (
    *("PIL.Image.open", "cv2.imread", "imageio.imread", "imageio.v2.imread", "imageio.v3.imread"),
    *("skimage.io.imread", "keras.utils.load_img", "keras.preprocessing.image.load_img"),
)
"""Functions that read the pixels of a file as they are stored. Matplotlib's divides those of PNG by 255."""
SAME = (
    *("cv2.cvtColor", "cv2.resize", "cv2.flip", "cv2.rotate", "cv2.copyMakeBorder", "cv2.medianBlur"),
    *("keras.utils.img_to_array", "keras.preprocessing.image.img_to_array", "PIL.Image.fromarray"),
)
"""Functions of an image whose result has pixels of the same kind."""
MOVED = tuple(
    f"torchvision.transforms.functional.{name}"
    for name in ("hflip", "vflip", "resize", "crop", "center_crop", "resized_crop", "rotate", "affine", "pad")
)
"""The same of torchvision, which takes tensors, too."""


def image(call: Call, api: str) -> Data:
    """Pixels that nobody has changed yet; which rows they are of is not known."""
    span = Span(*BYTES, api, call.place, pixels=True)
    return Data("array", scaled=False, changed=frozenset(), span=span)


def _read(api: str) -> Callable[[Call, Arguments], Value]:
    return lambda call, arguments: held(call.interpreter, image(call, api), call.node)


def _same(call: Call, arguments: Arguments) -> Value:
    """The same kind of pixels; nothing is known of what is no image."""
    given = next(iter(arguments.all()), UNKNOWN)
    data = data_of(given) if isinstance(given, Instance) else None
    if data is None or data.span is None:
        return UNKNOWN
    return wrap(call.interpreter, replace(data, rank=None), call.place)


def _moved(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        found = _same(call, arguments)
        libraries = call.interpreter.project.libraries
        return found if found is not UNKNOWN else libraries.call_unknown(call, Library(name), arguments)

    return run


SYMBOLS: dict[str, Value] = {
    **{name: native(name, _moved(name)) for name in MOVED},
    **{name: native(name, _read(name)) for name in READERS},
    **{name: native(name, _same) for name in SAME},
}
