"""Sizes of axes: numbers, polynomials over symbols (``N``, ``4*T + 1``), or None for unknown.

Arithmetic is exact or gives None; equality is proven, refuted or unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from nnlint.dataclass import dataclass

Monomial = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Symbolic:
    """A polynomial with integer coefficients: {monomial: coefficient}, sorted, none of them 0."""

    terms: tuple[tuple[Monomial, int], ...]

    def __str__(self) -> str:
        return " + ".join(
            "*".join(([str(c)] if c != 1 or not m else []) + list(m)) for m, c in self.terms
        ).replace("+ -", "- ")


Size = int | Symbolic | None


@lru_cache(maxsize=1024)
def symbol(name: str) -> Symbolic:
    """A size that is known only by its name."""
    return Symbolic((((name,), 1),))


def nameless(size: Size) -> bool:
    """It is made of sizes of axes that have no name in the program: ``s12.0``, axis 0 of operation 12."""
    return isinstance(size, Symbolic) and any("." in name for names, _ in size.terms for name in names)


def _terms(size: int | Symbolic) -> dict[Monomial, int]:
    if isinstance(size, Symbolic):
        return dict(size.terms)
    return {(): size} if size else {}


def _make(terms: dict[Monomial, int]) -> int | Symbolic:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if set(kept) == {()}:
        return kept[()]
    return Symbolic(tuple(sorted(kept.items())))


def add(a: Size, b: Size) -> Size:
    """a + b."""
    if a is None or b is None:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    total = _terms(a)
    for m, c in _terms(b).items():
        total[m] = total.get(m, 0) + c
    return _make(total)


def negative(a: Size) -> Size:
    """-a."""
    return multiply(a, -1)


def multiply(a: Size, b: Size) -> Size:
    """a · b."""
    if a is None or b is None:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    product: dict[Monomial, int] = {}
    for m, c in _terms(a).items():
        for n, d in _terms(b).items():
            key = tuple(sorted(m + n))
            product[key] = product.get(key, 0) + c * d
    return _make(product)


def product(sizes: Iterable[Size]) -> Size:
    """The product of all sizes: 1 for none, None as soon as one is unknown."""
    total: Size = 1
    for size in sizes:
        total = multiply(total, size)
    return total


def divide(a: Size, b: Size) -> Size:
    """a // b where the division is exact for every value of the symbols; else None."""
    if a is None or b is None or b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if a == b:
        return 1
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    (monomial, coefficient) = next(iter(divisor.items()))
    quotient: dict[Monomial, int] = {}
    for m, c in _terms(a).items():
        rest = _without(m, monomial)
        if rest is None or c % coefficient:
            return None
        quotient[rest] = c // coefficient
    return _make(quotient)


def _without(m: Monomial, factor: Monomial) -> Monomial | None:
    rest = list(m)
    for name in factor:
        if name not in rest:
            return None
        rest.remove(name)
    return tuple(rest)


def same(a: Size, b: Size) -> bool | None:
    """True or False where it holds for every value of the symbols, None where that is not known."""
    if a is None or b is None:
        return None
    if a == b or (isinstance(a, int) and isinstance(b, int)):
        return a == b
    difference = add(a, negative(b))
    return difference == 0 if isinstance(difference, int) else None


def differ(a: Size, b: Size) -> bool:
    """Proven to be different."""
    return same(a, b) is False
