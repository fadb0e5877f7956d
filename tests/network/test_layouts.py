"""Reshapes that take one axis for another, and views that memory does not allow, as torch judges them."""

from __future__ import annotations

import pytest
import torch

from nnlint.evidence.place import Place
from nnlint.network.graph import Tensor
from nnlint.network.layouts import axis_of, axis_symbol, memory_order, merges_apart, named_sizes, swaps_axes
from nnlint.network.operations import apply
from nnlint.network.shape import Shape

B, T = axis_symbol(0, 0), axis_symbol(0, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((B, T, 64), (B, 64, T)),
        ((B, 64, 8, 8), (B, 8, 8, 64)),
        ((B, 32, 8, 8), (B, None, 32)),
        ((B, T, 64), (B, 8, T, 8)),
        ((B, 8, T, 8), (B, T, 64)),
        ((24, 10, 8), (4, 10, 48)),
    ],
)
def test_a_reshape_that_moves_sizes_swaps_axes(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    assert swaps_axes(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((B, T, 64), (B, T, 8, 8)),
        ((B, 64, 8, 8), (B, 64, 64)),
        ((B, 64, 1, 1), (B, 1, 64)),
        ((B, 16, 256), (B, None, 16, 16)),
        ((B, T, 64), (None, 64)),
        ((2, 8, 12), (2, 96)),
        ((B, 16, 4, T), (B, 4, 4, None)),
        ((B, 196, 64), (T, 16, 196, None)),
        ((B, 64, 64, 2304), (T, 4096, 3, 12, None)),
    ],
)
def test_a_reshape_that_splits_or_merges_neighbours_does_not(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    assert not swaps_axes(before, after)


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (0, 3, 1, 2), (0, 1, 3, 2), (0, 1, 2, 3), (1, 0, 2, 3)])
@pytest.mark.parametrize("after", [(2, 60), (2, 3, 20), (6, 20), (120,), (2, 5, 12), (2, 12, 5), (10, 12)])
def test_a_view_is_refused_where_torch_refuses_it(order: tuple[int, ...], after: tuple[int, ...]) -> None:
    moved = torch.zeros(2, 3, 4, 5).permute(order)
    try:
        moved.view(after)
    except RuntimeError:
        refused = True
    else:
        refused = False
    assert not merges_apart(tuple(moved.shape), after, order) or refused


def test_the_order_in_memory_follows_permutes_through_activations() -> None:
    place = Place("")
    x = apply("input", (), {"shape": Shape((2, 3, 4))}, place)
    moved = apply("relu", (apply("transpose", (x,), {"first": 1, "second": 2}, place),), {}, place)
    assert memory_order(moved) == (0, 2, 1)
    assert memory_order(apply("identity", (moved,), {"contiguous": True}, place)) == (0, 1, 2)


def test_sizes_that_are_not_known_are_named_by_their_axis() -> None:
    x: Tensor = apply("input", (), {"shape": Shape((None, 3))}, Place(""))
    number = x.operation.number
    assert named_sizes(x) == (axis_symbol(number, 0), 3)
    assert axis_of(axis_symbol(number, 0)) == (number, 0)
