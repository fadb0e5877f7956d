"""Folders of files as Keras reads them, and what its generator of images does to each."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Hashable
from dataclasses import replace

from nnlint.evidence.samples import Draw, Samples, Transform
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Native, Value
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.paths import path_text

RANDOM = (
    *("rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range"),
    *("channel_shift_range", "horizontal_flip", "vertical_flip", "brightness_range"),
)
"""Arguments of ``ImageDataGenerator`` that change each image by chance."""
SUBSETS = {"training": "train", "validation": "validation"}


def note_settings(call: Call, arguments: Arguments) -> Value:
    """What ``ImageDataGenerator`` is told."""
    state = arguments.positional[0].state
    if arguments.open:
        call.interpreter.heap.write(state, "rescale", UNKNOWN)
    for name, value in arguments.keywords.items():
        call.interpreter.heap.write(state, name, value)
    if _on(state.get("rescale")):
        call.interpreter.trace.notes["scales"] = True
    if any(_on(state.get(name)) for name in RANDOM):
        call.interpreter.trace.notes["augmented"] = True
    return None


def _on(value: Value) -> bool:
    return value is not None and value is not UNKNOWN and value is not False and value != 0


def augmentations(generator: Value) -> tuple[Transform, ...] | None:
    """The random changes that a generator makes."""
    if not isinstance(generator, Instance):
        return None
    place, state = generator.place, generator.state
    found = [Transform(name, place, random=True) for name in RANDOM if _on(state.get(name))]
    factor, function = state.get("rescale"), state.get("preprocessing_function")
    prepared = isinstance(function, Native) and function.name == "preprocess_input"
    if function is not None:
        found.append(Transform("preprocess_input" if prepared else "", place))
    if factor is not None and (function is None or prepared):
        known = (float(factor),) if isinstance(factor, int | float) else None
        found.append(Transform("rescale", place, settings={"mean": (0.0,), "std": known}))
    return tuple(found)


def with_scale(samples: Samples, given: Value, made: Value) -> Samples:
    """The samples after a function that divides them: its factor counts as ``rescale``."""
    operation = made.operation if isinstance(made, Tensor) else None
    source = given.operation if isinstance(given, Tensor) else None
    for _ in range(MOST_STEPS):
        if operation is None or operation is source or not operation.inputs:
            return samples
        factor = _factor(operation)
        if factor is not None:
            step = Transform("rescale", operation.place, settings={"mean": (0.0,), "std": (factor,)})
            return replace(samples, transforms=(*(samples.transforms or ()), step))
        operation = operation.inputs[0].operation if operation.kind in SAME_VALUES else None
    return samples


SAME_VALUES = frozenset({"cast", "reshape", "resize", "expand", "squeeze", "unsqueeze"})
MOST_STEPS = 10


def _factor(operation: Operation) -> float | None:
    """The number that values are multiplied by, as the inverse of what they are divided by."""
    if operation.kind not in ("divide", "multiply") or len(operation.inputs) != 2:
        return None
    span = operation.inputs[1].range
    if span is None or span.low != span.high or not span.low:
        return None
    return 1 / span.low if operation.kind == "divide" else span.low


def samples_of_files(call: Call, name: str, arguments: Arguments) -> Samples | None:
    """The files of a folder, or the part of them that ``subset`` names."""
    method = name.startswith("flow")
    value = arguments.get(1 if method else 0, "directory", UNKNOWN)
    if name == "flow_from_dataframe":
        value = UNKNOWN
    path = path_text(value)
    subset = arguments.keywords.get("subset")
    stem = posixpath.basename((path or "").rstrip("/")).replace("-", "_")
    role = SUBSETS.get(subset, "") if isinstance(subset, str) else role_of(stem)
    whole = ("files", path) if path else ("object", call.interpreter.new_key())
    key = (*whole, subset) if isinstance(subset, str) else whole
    done = augmentations(arguments.positional[0]) if method else ()
    images = name.startswith(("image", "flow"))
    channels = (
        None if not images or arguments.open else COLORS.get(arguments.keywords.get("color_mode", "rgb"))
    )
    draw = _draw(call, arguments, whole) if isinstance(subset, str) and not method else None
    return Samples(key, call.place, name, whole, role, "", done, False, path or "", channels, draw=draw)


def _draw(call: Call, arguments: Arguments, whole: Hashable) -> Draw | None:
    """``validation_split`` of files that are shuffled by ``seed`` before they are divided."""
    seed = arguments.keywords.get("seed")
    known = isinstance(seed, int) and arguments.keywords.get("shuffle", True) is True and not arguments.open
    return Draw(whole, call.place, seed) if known and isinstance(seed, int) else None


COLORS = {"rgb": 3, "rgba": 4, "grayscale": 1}


def called(node: ast.AST) -> str:
    """The name of the method that is called."""
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else ""
