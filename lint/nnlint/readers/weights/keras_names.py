"""What Keras 3 only numbers: the variables of a layer, by their shapes and the layer's name.

Source: keras/src/saving/saving_lib.py (``layers/dense/vars/0``: the variables of a layer in the order
in which it made them) and the ``build`` methods of keras.layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nnlint.pattern import pattern

NUMBERED = pattern(r"^(?:(?P<layer>.+)/)?vars/(?P<number>\d+)$")
Shapes = Sequence[tuple[int, ...]]
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def renamed(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """``layers/dense/vars/0`` -> ``layers/dense/kernel``; what cannot be told keeps its name."""
    layers: dict[str, dict[int, str]] = {}
    for name in shapes:
        match = NUMBERED.match(name)
        if match:
            layers.setdefault(match["layer"] or "", {})[int(match["number"])] = name
    names = {name: name for name in shapes}
    for layer, numbered in layers.items():
        given = [numbered[i] for i in sorted(numbered)]
        for name, variable in zip(given, _variables(layer, [shapes[n] for n in given]), strict=False):
            names[name] = f"{layer}/{variable}"
    return names


def _variables(layer: str, shapes: Shapes) -> Sequence[str]:
    """Names of a layer's variables in order; empty where they cannot be told."""
    first = shapes[0]
    if len(first) == 1:
        return _of_vectors(layer, shapes)
    if len(first) < 2:
        return ()
    if len(shapes) == 1:
        return ("embeddings",) if "embedding" in layer else ("kernel",)
    second = shapes[1]
    if len(shapes) == 2 and (
        second == first[-1:] or second == first[-2:-1] or second == first[-len(second) :]
    ):
        return ("kernel", "bias")
    if len(second) == 2 and len(first) == 2 and first[1] == second[1] and second[1] % second[0] == 0:
        return ("kernel", "recurrent_kernel", "bias")[: len(shapes)]
    if len(second) == len(first) and set(second[:-2]) == {1}:
        return ("depthwise_kernel", "pointwise_kernel", "bias")[: len(shapes)]
    return ()


def _of_vectors(layer: str, shapes: Shapes) -> Sequence[str]:
    """Of a normalisation; without gain or shift it is not told which of them a third variable is."""
    if any(shape != shapes[0] for shape in shapes) or len(shapes) > len(NORM):
        return ()
    batch = (
        len(shapes) == 4 or "batch_norm" in layer or re.search(r"(^|[/_])bn\d*(_\d+)?$", layer) is not None
    )
    if len(shapes) == 4:
        return NORM
    if batch and len(shapes) == 2:
        return NORM[2:]
    return NORM[:2] if len(shapes) == 2 and not batch else ()
