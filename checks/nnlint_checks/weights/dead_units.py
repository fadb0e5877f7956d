"""WT103: units that nothing reaches, or that reach nothing."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence

from nnlint.check import WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.weights import Slices, StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.weights.layers import matrices

SHARE = 0.1
"""Trained networks lose some units; from a tenth on the layer is too narrow."""
VANISHING = 1e-6
"""Of the layer's median unit: weight decay brings units that nothing uses there."""
FEWEST_UNITS = 4
SPARSE = 0.1
"""Zeros among the weights of the other units: a layer that was pruned weight by weight."""
PRUNED = pattern(r"prun|sparse|_mask$|_orig$", re.IGNORECASE)


@dataclass(frozen=True)
class _Dead:
    """Units of one layer without weights, ``side``: on the way in or out."""

    tensor: StoredTensor
    side: str
    units: tuple[int, ...]
    total: int
    exact: bool  # zero, not only vanishing

    @property
    def count(self) -> int:
        return len(self.units)

    @property
    def share(self) -> float:
        return self.count / self.total


@check("WT103", level=WARNING)
def dead_units(weights: Weights, *, share: float = SHARE) -> Iterator[Finding]:
    """A tenth of a layer's units or more have no weights on one side.

    Why: a unit with nothing coming in is the same for all inputs, one with nothing going out does not matter:
    the layer is narrower than it looks. Mostly its ReLUs died under too large a step, or the rows were never
    loaded. Layers that were pruned on purpose are left alone: unit by unit with the same share in several
    layers, or weight by weight.
    Source: Lu et al. 2020, Dying ReLU and Initialization; Mehta et al. 2019, On Implicit Filter Level
    Sparsity (units whose weights decay to nothing).
    Options: share: of a layer's units (0.1).

    Fires:
        Three of the eight hidden units get nothing.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx warning: [WT103]
        random = np.random.default_rng(0)
        first = random.standard_t(4, (8, 6)).astype(np.float32)
        first[[1, 4, 6]] = 0
        second = random.standard_t(4, (3, 8)).astype(np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "fc1.weight"], ["h"], name="fc1", transB=1),
            h.make_node("Relu", ["h"], ["r"]),
            h.make_node("Gemm", ["r", "fc2.weight"], ["y"], name="fc2", transB=1),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 6), ("y", 3)))
        stored = [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(second, "fc2.weight")]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        A quarter of the units was pruned in each hidden layer.
        ```python generate
        import numpy as np

        random = np.random.default_rng(0)
        weights = {}
        for i, shape in enumerate([(8, 6), (8, 8), (3, 8)]):
            weights[f"{i}.weight"] = random.standard_t(4, shape)
            weights[f"{i}.bias"] = random.standard_t(4, shape[0])
        weights["0.weight"][[2, 5]] = weights["1.weight"][[0, 7]] = 0
        np.savez("model.npz", **weights)
        ```
    """
    if PRUNED.search(weights.path) or any(PRUNED.search(t.name) for t in weights.tensors):
        return
    layers = [t for t in matrices(weights) if not t.constant]
    found = [d for t in layers for d in _dead(t, first=t is layers[0]) if d.share >= share]
    told: set[str] = set()
    for dead in found:
        if dead.tensor.name not in told and not _pruned(dead, found):
            told.add(dead.tensor.name)
            yield Finding(
                dead.tensor.place,
                f"{dead.count} of {dead.total} units have no weights {dead.side} in '{dead.tensor.name}'",
                "train the layer again with a smaller step or a leaky activation, or remove the units",
            )


def _dead(tensor: StoredTensor, first: bool) -> Iterator[_Dead]:
    """What goes out of a layer's units are the columns of the next one; inputs of the net are no units."""
    sides = [("coming in", tensor.units), *([] if first else [("going out", tensor.inputs)])]
    for side, slices in sides:
        if slices is None or not slices.zeros or len(slices.norms) < FEWEST_UNITS or slices.size < 2:
            continue
        living = [n for n in slices.norms if n > 0.0]
        limit = VANISHING * statistics.median(living) if living else 0.0
        dead = [i for i, norm in enumerate(slices.norms) if norm <= limit]
        if dead and len(dead) < len(slices.norms) and not _sparse(slices, dead):
            exact = all(slices.norms[i] == 0.0 for i in dead)
            yield _Dead(tensor, side, tuple(dead), len(slices.norms), exact)


def _sparse(slices: Slices, dead: Sequence[int]) -> bool:
    gone = set(dead)
    zeros = sum(z for i, z in enumerate(slices.zeros) if i not in gone)
    return zeros >= SPARSE * slices.size * (len(slices.norms) - len(gone))


def _pruned(dead: _Dead, found: Sequence[_Dead]) -> bool:
    """Another layer lost exactly the same share on the same side: somebody did that.

    The same units of a layer of the same name and shape are not another's: it is its moving average.
    """
    alike = [
        d
        for d in found
        if d.exact and d.side == dead.side and abs(d.share - dead.share) * min(d.total, dead.total) <= 1
    ]
    return dead.exact and any(d is not dead and not _copies(d, dead) for d in alike)


def _copies(one: _Dead, other: _Dead) -> bool:
    same = one.tensor.shape == other.tensor.shape and one.units == other.units
    return same and _own(one.tensor.name) == _own(other.tensor.name)


def _own(name: str) -> list[str]:
    """The layer and the parameter, without the modules around them."""
    return name.split(".")[-2:]
