"""Columns of a table, as code picks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlint.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a table that was read from ``source``, as the code picks them.

    ``steps`` in order: ("drop", names), ("keep", names), ("slice", (first, last)) and ("take", positions)
    by position among those that are left, ("add", names) for columns that the code makes, ("array", (key,))
    for one of the arrays of an archive, ("recoded", ()) where columns of categories became several each.
    """

    source: str
    steps: tuple[tuple[str, tuple[str | int | None, ...]], ...] = ()

    def of(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """Those of ``names`` that are picked; None when the steps do not fit these names.

        Of columns that were recoded, those that they were made of.
        """
        left, recoded = list(names), False
        for kind, arguments in self.steps:
            if kind == "array" or (recoded and kind in ("slice", "take")):
                return None
            if kind == "recoded":
                recoded = True
                continue
            if kind == "slice":
                first, last = (n if isinstance(n, int) else None for n in arguments)
                left = left[first:last]
            elif kind == "take":
                if not all(isinstance(n, int) and -len(left) <= n < len(left) for n in arguments):
                    return None
                left = [left[n] for n in arguments if isinstance(n, int)]
            elif kind == "keep":
                if not set(arguments) <= set(left):
                    return None
                left = [str(n) for n in arguments]
            elif kind == "drop":
                left = [n for n in left if n not in arguments]
            else:
                left += [str(n) for n in arguments if n not in left]
        return tuple(left)

    @property
    def recoded(self) -> bool:
        """Whether some have become several columns each: there are more than are picked."""
        return any(kind == "recoded" for kind, _ in self.steps)

    def _named(self) -> Iterator[str]:
        return (n for _, names in self.steps for n in names if isinstance(n, str))

    def holds(self, name: str) -> bool | None:
        """Whether the column ``name`` of the source is among them; None when that cannot be told."""
        held: bool | None = True
        if self.recoded and any(n.startswith(f"{name}_") for n in self._named()):
            return None
        for kind, arguments in self.steps:
            if kind == "keep":
                held = name in arguments
            elif kind == "drop" and name in arguments:
                held = False
            elif kind == "add" and name in arguments:
                held = True
            elif kind in ("slice", "take", "array") and held:
                held = None
        return held


@dataclass(frozen=True, slots=True)
class Taken:
    """Columns of a file as they arrive somewhere in the program.

    ``changed``: the columns whose values are no longer those of the file, None when any may be; types and
    missing values aside. ``coded``: values were replaced by their numbers from 0 on. ``single``: one column.
    ``role``: the split that the rows are of, as far as the program tells.
    """

    columns: Columns
    changed: frozenset[str] | None = None
    coded: bool = False
    single: bool = False
    role: str = ""

    def plain(self, name: str) -> bool:
        """Whether the values of the column ``name`` are those of the file."""
        return not self.coded and self.changed is not None and name not in self.changed
