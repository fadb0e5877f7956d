"""The tensors in what a checkpoint holds, by the names that they have in the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern
from nnlint.readers.weights.unpickling import NumpyArray, Opaque, Strided

DEEPEST = 64
MOST_OBJECTS = 1_000_000
APART = pattern(
    r"^_?(optim|adam|sgd|lr_?sched|sched|scaler|grad_?scaler|amp|rng|random|callbacks|loops|hparams|hyper|history|"
    r"loss|metric|epoch|args|config|opt$|cuda|numpy_rng|best|exp_avg|momentum|criterion)",
    re.IGNORECASE,
)
"""Keys of a training state whose tensors are no weights."""
WRAPPING = pattern(
    r"^((module|_orig_mod|_fsdp_wrapped_module|_forward_module|state_dict|model_state_dict)\.)+"
)
"""What data parallelism, compilation and checkpoints put in front of a name."""


@dataclass(frozen=True)
class Named:
    """A tensor or array with its name."""

    name: str
    value: Strided | np.ndarray[Any, Any]


def named_tensors(value: Any) -> Iterator[Named]:
    """Every tensor below ``value``, in order; the state of optimisers and the like is left out."""
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    seen: set[int] = set()
    while todo and len(seen) < MOST_OBJECTS:
        name, value, depth = todo.pop()
        if isinstance(value, Strided | NumpyArray):
            array = value.known if isinstance(value, NumpyArray) else value
            if array is not None:
                yield Named(WRAPPING.sub("", name), array)
        elif isinstance(value, Mapping | list | tuple | Opaque) and depth < DEEPEST and id(value) not in seen:
            seen.add(id(value))
            inside = [(_joined(name, key), v, depth + 1) for key, v in _members(value, depth)]
            todo += reversed(inside)


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name and key else name or key


def _members(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(k), v) for k, v in value.items() if depth > 1 or not APART.match(str(k)))
    elif isinstance(value, Opaque):
        yield from _inside(value)
    else:
        yield from ((str(i), v) for i, v in enumerate(value))


def _inside(value: Opaque) -> Iterator[tuple[str, Any]]:
    """A module's parameters, buffers and modules under their own names; of others all that they hold."""
    state = value.state[0] if isinstance(value.state, tuple) and value.state else value.state
    if isinstance(state, Mapping) and "_modules" in state:
        for kind in ("_parameters", "_buffers", "_modules"):
            yield "", state.get(kind)
        return
    yield from (("", part) for part in (state, value.entries, value.given) if part)
