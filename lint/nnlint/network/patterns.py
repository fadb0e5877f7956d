"""Patterns of axes: equations of ``einsum`` and the patterns of einops, with what they make of a shape.

Source: documentation of ``torch.einsum``, ``numpy.einsum`` and https://einops.rocks/api/rearrange/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nnlint.network.shape import UNKNOWN, Conflict, Shape
from nnlint.network.shapes import Attributes
from nnlint.network.size import Size, Symbolic, differ, divide, product
from nnlint.pattern import pattern

Group = tuple[str, ...]
"""Axes that stand in one pair of parentheses, or one axis; ``1`` for an axis of size 1."""

TOKEN = pattern(r"\.\.\.|…|[()]|\w+|\S")
DOTS = "..."
NUMBERED = pattern(r"\b(?!1\b)\d+\b")
"""Axes without a name, as ``repeat`` and ``reduce`` take them: ``h w -> h w 3``."""


# einsum


def equation_fault(equation: str, shapes: Sequence[Shape]) -> str:
    """Why an equation can never be computed with operands of these shapes; "" if it can be."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    wrong = sorted(set(re.sub(r"\.\.\.|[a-zA-Z,]", "", left + right)))
    if wrong or right.count(",") or right.count("-"):
        return f"'{(wrong or [','])[0]}' is no name of an axis in '{equation}'"
    if len(terms) != len(shapes):
        return f"'{equation}' has {len(terms)} operands, given are {len(shapes)}"
    letters = right.replace(DOTS, "")
    lost = [letter for letter in letters if letter not in left]
    if arrow and lost:
        return f"'{lost[0]}' in the output of '{equation}' is in no operand"
    if len(set(letters)) < len(letters):
        return f"an axis stands twice in the output of '{equation}'"
    return next((fault for fault in map(_term_fault, terms, shapes) if fault), "") or _sizes_fault(
        terms, shapes
    )


def _term_fault(term: str, shape: Shape) -> str:
    count = len(term.replace(DOTS, ""))
    if shape.rank is None or shape.rank == count or (DOTS in term and shape.rank >= count):
        return ""
    return f"'{term}' names {count} axes of {shape}"


def _sizes_fault(terms: Sequence[str], shapes: Sequence[Shape]) -> str:
    """Two sizes of one letter; 1 is broadcast."""
    seen: dict[str, Size] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if DOTS in term or shape.rank is None:
            continue
        for letter, size in zip(term, shape.sizes, strict=True):
            known = seen.setdefault(letter, size)
            if 1 not in (known, size) and differ(known, size):
                return f"'{letter}' is {known} and {size}"
    return ""


# einops


def rearranged(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``rearrange``, ``repeat`` and ``reduce``: ``pattern``, and ``sizes`` of the axes that are named.

    Raises Conflict about a ``pattern`` that no tensor of this rank can have, or sizes that do not divide.
    """
    pattern, given = attributes.get("pattern"), attributes.get("sizes")
    if not isinstance(pattern, str) or not isinstance(given, Mapping) or NUMBERED.search(pattern):
        return UNKNOWN
    left, arrow, right = pattern.partition("->")
    if not arrow:
        raise Conflict(f"no '->' in '{pattern}'", "pattern")
    before, after = _groups(left, pattern), _groups(right, pattern)
    _check_names(before, after, attributes)
    sizes = _named(before, after, shapes[0], given)
    if sizes is None:
        return _open_result(after, given)
    return Shape(tuple(s for group in after for s in _sizes_of(group, sizes)))


def _groups(side: str, pattern: str) -> list[Group]:
    found: list[Group] = []
    inside: list[str] | None = None
    for token in TOKEN.findall(side):
        if token == "(":
            if inside is not None:
                raise Conflict(f"parentheses inside parentheses in '{pattern}'", "pattern")
            inside = []
        elif token == ")":
            if inside is None:
                raise Conflict(f"parentheses do not match in '{pattern}'", "pattern")
            found.append((DOTS, "1") if inside == [DOTS] else tuple(inside))  # one axis, unlike bare dots
            inside = None
        elif not (token in (DOTS, "…") or token.isidentifier() or token == "1"):
            raise Conflict(f"'{token}' is no name of an axis in '{pattern}'", "pattern")
        elif inside is None:
            found.append((DOTS if token == "…" else token,))
        else:
            inside.append(DOTS if token == "…" else token)
    if inside is not None:
        raise Conflict(f"parentheses do not match in '{pattern}'", "pattern")
    return found


def _check_names(before: list[Group], after: list[Group], attributes: Attributes) -> None:
    pattern, does, given = attributes["pattern"], attributes.get("does"), attributes["sizes"]
    left, right = ([n for group in side for n in group if n != "1"] for side in (before, after))
    for names in (left, right):
        twice = next((n for n in names if names.count(n) > 1 and n != "_"), None)
        if twice is not None:
            raise Conflict(f"'{twice}' stands twice on one side of '{pattern}'", "pattern")
    gone = [n for n in left if n not in right and n != "_"]
    new = [n for n in right if n not in left]
    if gone and does != "reduce":
        raise Conflict(f"'{gone[0]}' is on the left of '{pattern}' alone", "pattern")
    if new and (does != "repeat" or any(n not in given for n in new)):
        raise Conflict(f"'{new[0]}' is on the right of '{pattern}' alone", "pattern")


def _named(
    before: list[Group], after: list[Group], shape: Shape, given: Mapping[str, Size]
) -> dict[str, tuple[Size, ...]] | None:
    """The sizes behind each name; None when the rank is not known."""
    rank, dots = shape.rank, (DOTS,) in before
    if rank is None:
        return None
    if len(before) != rank if not dots else len(before) - 1 > rank:
        raise Conflict(f"{len(before)} axes are named, the value has {rank}: {shape}", "pattern")
    spread = rank - len(before) + 1
    sizes: dict[str, tuple[Size, ...]] = {name: (size,) for name, size in given.items()}
    at = 0
    for group in before:
        if group == (DOTS,):
            sizes[DOTS] = shape.sizes[at : at + spread]
            at += spread
        else:
            _split(group, shape.sizes[at], sizes, shape)
            at += 1
    return sizes


def _split(group: Group, size: Size, sizes: dict[str, tuple[Size, ...]], shape: Shape) -> None:
    """Give the names of a group their sizes; one of them may follow from the others."""
    names = [n for n in group if n != "1"]
    free = [n for n in names if n not in sizes]
    known = product(s for n in names if n in sizes for s in sizes[n])
    if not free:
        if differ(known, size):
            raise Conflict(f"{' '.join(group)} is {known}, got {size} in {shape}")
        return
    if len(free) > 1:
        if isinstance(size, int | Symbolic):
            raise Conflict(f"sizes of {' and '.join(free)} cannot be told from {size}", "pattern")
        sizes.update((n, (None,)) for n in free)
        return
    if isinstance(size, int) and isinstance(known, int) and (known == 0 or size % known):
        raise Conflict(f"{size} is no multiple of {known} in {shape}", "multiple")
    sizes[free[0]] = (divide(size, known),)


def _sizes_of(group: Group, sizes: Mapping[str, tuple[Size, ...]]) -> tuple[Size, ...]:
    if group == (DOTS,):
        return sizes.get(DOTS, ())
    return (product(s for n in group if n != "1" for s in sizes.get(n, (None,))),)


def _open_result(after: list[Group], given: Mapping[str, Size]) -> Shape:
    """The rank from the pattern, sizes from those given alone."""
    if any(DOTS in group for group in after):
        return UNKNOWN
    sizes = {name: (size,) for name, size in given.items()}
    return Shape(tuple(_sizes_of(group, sizes)[0] for group in after))
