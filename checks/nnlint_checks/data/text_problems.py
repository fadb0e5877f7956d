"""DS601: texts that are empty, repeated, garbled or endless."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Kind, Split
from nnlint.finding import Finding, Level, Table
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.values import EXCERPT_ROWS, about, flat, texts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Series = pd.Series[Any]
    Array = np.ndarray[Any, np.dtype[Any]]

READ = 4.0
"""Mean number of words from which a column is text to be read."""

LONG = 40
"""Letters from which two equal texts are no chance; "very good" is written by many."""

REPEATED = (0.05, 0.5)
"""Share of texts that repeat another: below it is chance, above it the column is one of categories."""

ENDLESS = (20, 10_000)
"""Times the median length, and letters, beyond which a text is several that ran together."""

GARBLED = pattern(
    "\u00c3[\u0080-\u00bf\u0192\u201a]"
    "|\u00e2\u20ac[\u0080-\u00bf\u2122\u0153\u02dc\u201c\u201d]"
    "|\u00c2[\u00a0-\u00bf]|\ufffd|\u00ef\u00bb\u00bf"
)
"""UTF-8 that was read as Windows-1252, and what could not be decoded at all."""

OTHER_SCRIPT = (0.02, 0.4)
SCRIPTS = (
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARABIC",
    "HEBREW",
    "CJK",
    "HIRAGANA",
    "HANGUL",
    "DEVANAGARI",
    "THAI",
)


@check("DS601", level=WARNING)
def text_problems(data: Dataset, *, garbled: float = 0.005, empty: float = 0.01) -> Iterator[Finding]:
    """Texts to learn from are empty, garbled by a wrong encoding, repeated or run together.

    Why: a tokeniser turns them into noise, an empty text into padding only; texts that stand there twice are
    counted twice and end up on both sides of a split; one endless text sets the length of all batches.
    Source: Lee et al., "Deduplicating training data makes language models better", ACL 2022; ftfy's manual on
    mojibake.
    Options: garbled, empty: least share of such texts.

    Fires:
        UTF-8 was read as Windows-1252.
        ```python generate
        # expect train.csv  warning: [DS601]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        words = "der film war sch\u00f6n und die musik gro\u00dfartig aber zu lang f\u00fcr kinder".split()
        texts = [" ".join(rng.choice(words, 9)) for _ in range(300)]
        texts = [t.encode().decode("cp1252") if i % 10 == 0 else t for i, t in enumerate(texts)]
        pd.DataFrame({"review": texts, "label": rng.integers(0, 2, 300)}).to_csv("train.csv", index=False)
        ```
        One text in ten stands there a second time.
        ```python generate
        # expect train.csv  warning: [DS601]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        words = "the film was long and dull but music good cast fine plot thin end weak start strong".split()
        texts = [" ".join(rng.choice(words, 12)) for _ in range(300)]
        texts[250:280] = texts[:30]
        frame = pd.DataFrame({"review": texts, "stars": rng.normal(size=300)})
        frame["label"] = rng.integers(0, 2, 300)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Short texts are the same by chance, and French has its accents.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        words = "tr\u00e8s bon film \u00e0 voir d\u00e9j\u00e0 vu belle histoire acteurs ma\u00eetre".split()
        texts = [" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(300)]
        frame = pd.DataFrame({"review": texts, "label": rng.integers(0, 2, 300)})
        frame.to_csv("train.csv", index=False)
        ```
    """
    found: set[str] = set()
    for split in data.splits if flat(data) else ():
        for column in split.columns:
            told = column.kind is Kind.TEXT and column.name in data.features and column.name not in found
            values = texts(data, split, column) if told else None
            if values is None or len(values) <= EXCERPT_ROWS or values.str.count(r"\s+").mean() + 1 < READ:
                continue
            problems = _problems(values, {"garbled": garbled, "empty": empty})
            if problems:
                found.add(column.name)
                yield _finding(data, split, column.name, values, problems)


def _problems(values: Series, shares: dict[str, float]) -> dict[str, Array]:
    """What is wrong -> which texts it is wrong with."""
    judged = {name: judge(values) for name, judge in JUDGES.items()}
    return {
        name: mask for name, mask in judged.items() if mask.any() and mask.mean() >= shares.get(name, 0.0)
    }


def _empty(values: Series) -> Array:
    found: Array = (~values.str.contains(r"\w", regex=True)).to_numpy(dtype=bool)
    return found


def _garbled(values: Series) -> Array:
    found: Array = values.str.contains(compiled(GARBLED)).to_numpy(dtype=bool)
    return found


def _repeated(values: Series) -> Array:
    long = values.str.len() >= LONG
    found: Array = (long & values.duplicated()).to_numpy(dtype=bool)
    low, high = REPEATED
    return found if low <= found.mean() <= high else found & False


def _endless(values: Series) -> Array:
    lengths = values.str.len().to_numpy()
    times, letters = ENDLESS
    found: Array = (lengths > times * max(1.0, float(sorted(lengths)[len(lengths) // 2]))) & (
        lengths > letters
    )
    return found if found.mean() <= 0.01 else found & False


def _other_script(values: Series) -> Array:
    import numpy as np

    scripts = np.array([_script(str(v)) for v in values])
    usual = max(set(scripts), key=list(scripts).count)
    found: Array = (scripts != usual) & (scripts != "")
    low, high = OTHER_SCRIPT
    return found if usual and low <= found.mean() <= high else found & False


def _script(text: str) -> str:
    """The script of most of the first letters."""
    names = [unicodedata.name(c, "").split(" ")[0] for c in text[:60] if c.isalpha()]
    known = [n for n in names if n in SCRIPTS]
    return max(set(known), key=known.count) if known else ""


JUDGES: dict[str, Callable[[Series], Array]] = {
    "garbled": _garbled,
    "empty": _empty,
    "repeated": _repeated,
    "endless": _endless,
    "in another script": _other_script,
}


def _finding(data: Dataset, split: Split, column: str, values: Series, problems: dict[str, Array]) -> Finding:
    rows = tuple((what, f"{int(m.sum()):,}", str(values[m].iloc[0])[:60]) for what, m in problems.items())
    told = ", ".join(f"{int(m.sum()):,} {what}" for what, m in problems.items())
    return about(
        data,
        split,
        column,
        f"of {len(values):,} texts in '{column[:25]}': {told}",
        "read the file in the encoding it was written in, and drop empty and repeated texts",
        Table(("what", "texts", "first"), rows),
        level=Level.HINT if set(problems) == {"in another script"} else None,
    )
