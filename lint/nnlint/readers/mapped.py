"""Values of arrays that are mapped from a file, gone through from the first to the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ranges = Callable[[int, int], Array]
"""Values from the one place to the other, in row-major order; they hold until the next call."""
WORTH_READING = 2**20
"""Bytes from which on a file is opened again rather than touched page by page."""


@contextmanager
def ranges(array: Array) -> Iterator[Ranges]:
    """What gives parts of an array that is stored in order.

    Parts of large mapped files are copied into a buffer that stays in the cache: a copy takes less time than
    the faults of pages that are seen once. Calls raise OSError when the file has become shorter.
    """
    flat = array.reshape(-1)
    place = _place(array) if array.nbytes >= WORTH_READING else None
    if place is None:
        yield lambda start, stop: flat[start:stop]
        return
    path, offset = place
    with path.open("rb", buffering=0) as file:
        buffer = np.empty(0, array.dtype)

        def read(start: int, stop: int) -> Array:
            nonlocal buffer
            if buffer.size < stop - start:
                buffer = np.empty(stop - start, array.dtype)
            part = buffer[: stop - start]
            file.seek(offset + start * array.itemsize)
            if file.readinto(part.view(np.uint8).data) < part.nbytes:
                raise OSError("the file has become shorter while it was read")
            return part

        yield read


def _place(array: Array) -> tuple[Path, int] | None:
    """The file that an array is mapped from and where in it the array begins; None when it is not."""
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    if base is None or base.filename is None or not isinstance(base.offset, int):
        return None
    return Path(base.filename), base.offset + _address(array) - _address(base)


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])
