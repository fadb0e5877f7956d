"""Weights that Keras saved: HDF5, by itself (``.h5``) or within the ``.keras`` archive."""

from __future__ import annotations

import importlib
import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nnlint.readers.weights.names import holds_weights
from nnlint.readers.weights.stored import Foreign, Malformed, Raw, Type

MEMBER = "model.weights.h5"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LARGEST = 2**31


def open_keras(path: Path) -> list[Raw]:
    """The arrays of a file. Raises Malformed, or Foreign when h5py is not there or they are no weights."""
    source: Any = str(path)
    if path.suffix.lower() == ".keras":
        source = io.BytesIO(_member(path))
    else:
        with path.open("rb") as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                raise Malformed("no HDF5 file, or truncated")
    if importlib.util.find_spec("h5py") is None:
        raise Foreign("install h5py to have weights of Keras read")
    return _arrays(importlib.import_module("h5py"), source)


def _member(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            if MEMBER not in archive.namelist():
                raise Foreign("an archive without the weights of Keras")
            if archive.getinfo(MEMBER).file_size > LARGEST:
                raise Foreign("its weights are larger than 2 GB; save them as .weights.h5")
            return archive.read(MEMBER)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None


def _arrays(h5py: Any, source: Any) -> list[Raw]:
    found: list[Raw] = []

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and "optimizer" not in name:
            values = np.asarray(item[()])
            found.append(
                Raw(
                    name,
                    values.shape,
                    Type(values.dtype.name, values.dtype, values.dtype.kind == "f"),
                    lambda: values,
                )
            )

    try:
        with h5py.File(source, "r") as file:
            file.visititems(take)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise Malformed(f"truncated or corrupt: {str(error)[:80]}") from None
    if not holds_weights(r.name for r in found):
        raise Foreign("it holds no weights by name")
    return found
