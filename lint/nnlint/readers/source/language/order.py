"""The method resolution order."""

from __future__ import annotations

from nnlint.readers.source.language.values import Class


def linearize(cls: Class) -> tuple[Class, ...]:
    """C3 linearisation of the bases that are known (Python's method resolution order)."""
    known = [b for b in cls.bases if isinstance(b, Class)]
    sequences = [list(b.mro or (b,)) for b in known] + [list(known)]
    result = [cls]
    while any(sequences):
        sequences = [s for s in sequences if s]
        head = next((s[0] for s in sequences if not any(s[0] in t[1:] for t in sequences)), None)
        if head is None:  # an order that Python would refuse: any will do
            head = sequences[0][0]
        result.append(head)
        sequences = [[c for c in s if c is not head] for s in sequences]
    return tuple(result)
