"""DS303: values that stand for missing ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.finding import Finding, Table
from nnlint_checks.data.absence import nothing_there
from nnlint_checks.data.scaling import pixels
from nnlint_checks.data.values import about, flat, placeholder, sampled_numbers, texts

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

CODES = frozenset(sign * (10**n - 1) for sign in (1, -1) for n in range(2, 7)) | {
    *(-1.0, 888.0, 8888.0, 9998.0, -9998.0, -32768.0, 32767.0, 2147483647.0, -2147483648.0, 1e20, 9e9)
}
"""Numbers that programs and codebooks write for "no value"."""

MOST = 0.5
"""Part of the rows above which an extreme value is the usual case (nothing spent, never renovated)."""

LOWEST, REPEATED = -90.0, 5
"""Negative round numbers and nines that far down, so often: -200 of gas sensors, -9999 of weather stations,
however many rows have them."""

STEPS = 8.0
"""How many times farther -1 lies below an age of 18 than ages lie from each other."""

MOST_ZERO = 0.2
FAR_ZERO = 3.5
"""Robust deviations between 0 and the middle of the other values; garages and basements that a house does not
have come to 3, blood pressures of 0 to 6 (measured on houses and on Pima Indians Diabetes)."""

GAP_ZERO = 0.25
FEWEST_FOR_ZERO = 100
LEAST_DISTINCT = 12
READ = 3.0
"""Mean number of words from which values are texts to be read."""


@check("DS303", level=WARNING, over=("DS304", "DS305", "DS312", "DS315", "DS401"))
def disguised_missing(data: Dataset, *, codes: tuple[float, ...] = tuple(sorted(CODES))) -> Iterator[Finding]:
    """A value stands for "missing", but is read as a number or category like any other.

    Why: the network takes -999 for a very small measurement; the mean and deviation that scale the column are
    those of the code rather than of the values, and "?" becomes a category of its own.
    Source: Pearson, "The Problem of Disguised Missing Data", SIGKDD Explorations 2006; Qahtan et al.,
    "FAHES", KDD 2018.
    Options: codes: numbers that stand for a missing value where they lie far from all others.

    Fires:
        A sensor's code for "no reading".
        ```python generate
        # expect train.csv  warning: [DS303]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"temperature": rng.normal(20, 5, 400), "wind": rng.normal(0, 5, 400)})
        frame.loc[::37, "temperature"] = -999
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
        A question mark among numbers.
        ```python generate
        # expect train.csv  warning: [DS303]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(400, 2)).round(3), columns=["power", "weight"]).astype(object)
        frame.loc[::90, "power"] = "?"
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Most people never had a capital gain: zero is the usual case.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        gain = np.where(rng.random(400) < 0.8, 0, rng.normal(9000, 800, 400).round())
        frame = pd.DataFrame({"gain": gain, "age": rng.integers(18, 80, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
        The balance of an account may be negative, and is -99 once.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"balance": rng.normal(0, 80, 400).round(), "age": rng.integers(18, 80, 400)})
        frame.loc[3, "balance"] = -99
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data):
        return
    found: dict[str, Finding] = {}
    images = pixels(data)
    for split in data.splits:
        for column, values in () if images else sampled_numbers(data, split):
            code = _code(values, codes) if column.name not in found else None
            if code is not None and not (code == 0 and _absent(data, split, column.name)):
                found[column.name] = _number(data, split, column, code, float((values == code).mean()))
        for column in split.columns:
            if column.name in data.features and column.name not in found:
                marks = _marks(data, split, column)
                found |= {column.name: _text(data, split, column, marks)} if marks else {}
    yield from found.values()


def _code(values: Array, codes: tuple[float, ...]) -> float | None:
    """The smallest or largest value, when it is a code or zero and lies apart from all others."""
    import numpy as np

    for code in dict.fromkeys((values.min(), values.max())) if len(values) else ():
        rest = values[values != code]
        times = len(values) - len(rest)
        if len(np.unique(rest)) < LEAST_DISTINCT:
            continue
        gap = float(np.abs(rest - code).min())
        if code == values.min() and _below(code, times, gap, rest):
            return float(code)
        if times > MOST * len(values):
            continue
        low, middle, high = np.quantile(rest, (0.25, 0.5, 0.75))
        spread = (high - low) / 1.349
        if code in codes and (times >= 2 or abs(code) > 900) and gap > _apart(code, rest, spread):
            return float(code)
        rare = 2 <= times <= MOST_ZERO * len(values) and len(values) >= FEWEST_FOR_ZERO
        zero = code in (0, -1) and rare and code == values.min()
        if code == -1 and rare and code == values.min() and gap > STEPS * _step(rest):
            return float(code)
        if zero and middle > FAR_ZERO * spread > 0 and gap > GAP_ZERO * middle and gap > spread:
            return float(code)
    return None


def _step(rest: Array) -> float:
    """The largest distance between neighbours in the lower half of values that are all above zero."""
    import numpy as np

    distinct = np.unique(rest)
    lower = distinct[: max(2, len(distinct) // 2)]
    return float(np.diff(lower).max()) if rest.min() > 0 else float("inf")


def _below(code: float, times: int, gap: float, rest: Array) -> bool:
    """Whether a repeated value is a code by where it lies: alone below zero, or far below the others."""
    import numpy as np

    plain = code <= LOWEST and code == round(code) and code % 10 in (0, 1)
    return bool(
        plain and times >= REPEATED and (rest.min() >= 0 or gap > max(float(np.ptp(rest)), -code / 2))
    )


def _absent(data: Dataset, split: Split, name: str) -> bool:
    frame = data.sample(split.role)
    return frame is not None and nothing_there(split, frame, name)


def _apart(code: float, rest: Array, spread: float) -> float:
    """How far from the others a code must lie: less when it is negative and they are not."""
    import numpy as np

    whole = float(np.ptp(rest))
    if code < -10 and rest.min() >= 0:
        return 0.0
    return max(whole, 5 * spread)


def _marks(data: Dataset, split: Split, column: Column) -> list[tuple[str, int]]:
    """Texts of the column that stand for a missing value, with their counts."""
    counts: tuple[tuple[str, int], ...] = ()
    if column.kind is Kind.NUMBER:
        counts = column.strange
    elif column.kind is Kind.CATEGORY:
        counts = column.top
    elif column.kind is Kind.TEXT and column.others and (values := texts(data, split, column)) is not None:
        counts = tuple((str(v), int(n)) for v, n in values.value_counts().head(20).items())
    others = [value for value, _ in counts if not placeholder(value)]
    read = len(others) > 0 and sum(len(v.split()) for v in others) >= READ * len(others)
    signs = any(value.strip() == "+" for value, _ in counts)  # a minus beside a plus is a value
    return [
        (value, n)
        for value, n in counts
        if placeholder(value)
        and n < column.rows
        and not (signs and value.strip() == "-")
        and not (read and not value.strip())  # DS601: a text may be empty, as the input of an instruction
    ]


def _number(data: Dataset, split: Split, column: Column, code: float, share: float) -> Finding:
    counted = dict(column.top).get(f"{code:.0f}")
    times = counted if counted is not None else round(share * (column.rows - column.missing))
    return about(
        data,
        split,
        column.name,
        f"{times:,} values of '{column.name[:30]}' are {code:g}, far from all others: missing in disguise?",
        f"read {code:g} as missing in this column, then fill the gaps and flag them",
        Table(("value", "rows", "share"), ((f"{code:g}", f"{times:,}", f"{share:.1%}"),)),
        together="have a value far from all others: missing in disguise?",
    )


def _text(data: Dataset, split: Split, column: Column, marks: list[tuple[str, int]]) -> Finding:
    times = sum(n for _, n in marks)
    return about(
        data,
        split,
        column.name,
        f"{times:,} values of '{column.name[:30]}' are '{marks[0][0][:20]}': missing in disguise",
        "read these values as missing (na_values=... of read_csv), then fill the gaps and flag them",
        Table(("value", "rows"), tuple((v, f"{n:,}") for v, n in marks[:8])),
        together="have texts for missing values",
    )
