"""Arithmetic on sizes is exact for every value of the symbols, or says that it does not know."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nnlint.network.shape import Shape, join
from nnlint.network.size import Size, Symbolic, add, divide, multiply, negative, same, symbol

VALUES = {"N": 3, "T": 5}


def at(size: Size) -> int | None:
    """The size where N = 3 and T = 5."""
    if not isinstance(size, Symbolic):
        return size
    total = 0
    for names, coefficient in size.terms:
        for name in names:
            coefficient *= VALUES[name]
        total += coefficient
    return total


atoms = st.one_of(st.integers(-6, 6), st.sampled_from([symbol("N"), symbol("T")]))
sizes = st.recursive(
    atoms, lambda s: st.builds(lambda f, a, b: f(a, b), st.sampled_from([add, multiply]), s, s), max_leaves=5
)


@given(a=sizes, b=sizes)
def test_sums_and_products_hold_for_the_values(a: Size, b: Size) -> None:
    x, y = at(a), at(b)
    assert x is not None and y is not None
    assert at(add(a, b)) == x + y
    assert at(multiply(a, b)) == x * y
    assert at(negative(a)) == -x


@given(a=sizes, b=sizes)
def test_exact_division_undoes_multiplication(a: Size, b: Size) -> None:
    quotient = divide(multiply(a, b), b)
    assert quotient is None or same(quotient, a)


@given(a=sizes, b=sizes)
def test_what_is_proven_holds_for_the_values(a: Size, b: Size) -> None:
    proven = same(a, b)
    assert proven is None or proven == (at(a) == at(b))


def test_what_is_not_known_stays_unknown() -> None:
    n = symbol("N")
    assert add(None, n) is None
    assert multiply(3, None) is None
    assert same(n, 7) is None
    assert same(add(n, 1), n) is False
    assert divide(n, 2) is None


def test_symbols_read_as_they_are_written() -> None:
    n, t = symbol("N"), symbol("T")
    assert str(multiply(2, n)) == "2*N"
    assert str(add(multiply(n, t), add(t, -1))) == "-1 + N*T + T"
    assert str(Shape((n, 3))) == "(N, 3)"
    assert str(Shape((64,), open=True)) == "(…, 64)"
    assert str(Shape((4,))) == "(4,)"


def test_joined_shapes_keep_what_both_have() -> None:
    assert join(Shape((2, 3)), Shape((4, 3))) == Shape((None, 3))
    assert join(Shape((2, 3)), Shape((3,))) == Shape((3,), open=True)
