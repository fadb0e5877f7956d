"""``nnlint.pattern`` gives what ``re.compile`` gives, when it is first asked for."""

from __future__ import annotations

import re

import pytest

from nnlint.pattern import pattern


def test_a_pattern_answers_as_a_compiled_one() -> None:
    words = pattern(r"l(a)y", re.IGNORECASE)
    assert [m.group() for m in words.finditer("LAYER, lay")] == ["LAY", "lay"]
    assert (words.sub("p", "layer"), words.flags & re.IGNORECASE) == ("per", re.IGNORECASE)


def test_what_no_pattern_has_does_not_compile_it() -> None:
    broken = pattern("(")
    with pytest.raises(AttributeError):
        _ = broken.__nnlint_check__  # type: ignore[attr-defined]
    with pytest.raises(re.error):
        broken.search("text")
