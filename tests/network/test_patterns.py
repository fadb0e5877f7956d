"""Equations of einsum and patterns of einops: faults and shapes."""

from __future__ import annotations

import pytest

from nnlint.network.patterns import equation_fault, rearranged
from nnlint.network.shape import UNKNOWN, Conflict, Shape
from nnlint.network.size import symbol

N = symbol("N")


@pytest.mark.parametrize(
    ("equation", "shapes", "part"),
    [
        ("bqd,bkd->bqkh", ((2, 5, 8), (2, 6, 8)), "'h' in the output"),
        ("bqd->bq", ((2, 5, 8), (2, 6, 8)), "operands"),
        ("bqd,bkd->bqk", ((2, 5, 8), (2, 6, 7)), "'d' is 8 and 7"),
        ("bhqd->bq", ((2, 5, 8),), "names 4 axes"),
        ("bq->bqq", ((2, 5),), "twice"),
        ("b1->b", ((2, 5),), "no name"),
    ],
)
def test_an_equation_that_cannot_be_computed_has_a_fault(
    equation: str, shapes: tuple[tuple[int, ...], ...], part: str
) -> None:
    assert part in equation_fault(equation, [Shape(s) for s in shapes])


@pytest.mark.parametrize("equation", ["b q d, b k d -> b q k", "...qd,...kd->...qk", "bqd,bkd"])
def test_an_equation_that_fits_has_none(equation: str) -> None:
    assert equation_fault(equation, [Shape((N, 5, 8)), Shape((N, 6, 8))]) == ""


def pattern(text: str, does: str = "rearrange", **sizes: int) -> dict[str, object]:
    return {"pattern": text, "does": does, "sizes": sizes}


@pytest.mark.parametrize(
    ("attributes", "before", "after"),
    [
        (pattern("b c h w -> b (h w) c"), (N, 3, 4, 5), (N, 20, 3)),
        (pattern("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=5), (N, 3, 4, 5), (N, 2, 30)),
        (pattern("b ... d -> b (...) d"), (N, 3, 4, 5), (N, 12, 5)),
        (pattern("b c h w -> b c", "reduce"), (N, 3, 4, 5), (N, 3)),
        (pattern("() n d -> b n d", "repeat", b=7), (1, 4, 5), (7, 4, 5)),
    ],
)
def test_a_pattern_gives_a_shape(
    attributes: dict[str, object], before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    assert rearranged([Shape(before)], attributes) == Shape(after)


@pytest.mark.parametrize(
    ("attributes", "about"),
    [
        (pattern("b c h w -> b (h w)"), "pattern"),
        (pattern("b c h w -> b c (h w) d"), "pattern"),
        (pattern("b c hw -> b c hw"), "pattern"),
        (pattern("b c (h w -> b c h w"), "pattern"),
        (pattern("b c (h p) w -> b c h p w"), "pattern"),
        (pattern("b (g c) h w -> b g c h w", g=2), "multiple"),
    ],
)
def test_a_pattern_that_cannot_be_met_is_a_conflict(attributes: dict[str, object], about: str) -> None:
    with pytest.raises(Conflict) as raised:
        rearranged([Shape((N, 3, 4, 5))], attributes)
    assert raised.value.about == about


def test_axes_without_a_name_are_not_judged() -> None:
    assert rearranged([Shape((2, 3))], pattern("h w -> h w 3", "repeat")) == UNKNOWN
