"""DS408: rows to be predicted that lie in time before the rows learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import HINT, WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import words
from nnlint.finding import Finding, Level, Table
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.comparison import FEWEST_ROWS
from nnlint_checks.data.split_overlap import GROUPS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

TIMES = frozenset({"timestamp", "epoch", "unixtime", "datetime", "date"})
"""Last words of names of numbers that count time."""

LATER = 0.95
"""Chance that a test row is later than a training row from which the division is taken for one by time."""

AT_RANDOM = 0.1
"""How far this chance may be from one half for rows that were divided at random."""

DAY_FIRST = pattern(r"^\s*(1[3-9]|2\d|3[01])[-/.]\d{1,2}[-/.]")


@dataclass(frozen=True, slots=True)
class Timeline:
    """The times of two splits, in seconds or the column's own unit, in no order."""

    column: str
    train: Array
    other: Array
    shown: tuple[tuple[str, str], tuple[str, str]]  # first and last, of training and of the other

    @property
    def later(self) -> float:
        """Chance that a row of the other split is later than one of training; ties count half."""
        import numpy as np

        ordered = np.sort(self.train)
        below = np.searchsorted(ordered, self.other, "left") + np.searchsorted(ordered, self.other, "right")
        return float(below.mean() / (2 * len(ordered)))

    @property
    def early(self) -> int:
        """Rows of the other split that are before the last of training."""
        return int((self.other < self.train.max()).sum())


@check("DS408", level=WARNING)
def time_leak(data: Dataset) -> Iterator[Finding]:
    """Rows of the test split are older than rows of the training split.

    Why: in use, a model knows the past only. One that was trained on later rows has seen what is to be
    predicted coming, and does worse in use than on this test.
    Source: Kapoor, Narayanan, "Leakage and the Reproducibility Crisis", Patterns 2023, L3.1 temporal
    leakage. A division at random is a hint only: rows with a date may be independent of it.

    Fires:
        Everything in the test file is older.
        ```python generate
        # expect test.csv  warning: [DS408]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"day": pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d")})
        frame["load"], frame["wind"] = rng.normal(size=400), rng.normal(size=400)
        frame["target"] = rng.normal(size=400)
        frame[:100].to_csv("test.csv", index=False)
        frame[100:].to_csv("train.csv", index=False)
        ```
        Validation comes after training, the test rows were drawn from among the training rows.
        ```python generate
        # expect test.csv  warning: [DS408]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"day": pd.date_range("2023-01-01", periods=600).strftime("%d.%m.%Y")})
        frame["load"], frame["wind"] = rng.normal(size=600), rng.normal(size=600)
        frame["target"] = rng.normal(size=600)
        past = frame[:500].sample(frac=1, random_state=0)
        past[:400].to_csv("train.csv", index=False)
        past[400:].to_csv("test.csv", index=False)
        frame[500:].to_csv("val.csv", index=False)
        ```
    Silent:
        Training, then validation, then test.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"day": pd.date_range("2023-01-01", periods=600).strftime("%Y-%m-%d")})
        frame["load"], frame["wind"] = rng.normal(size=600), rng.normal(size=600)
        frame["target"] = rng.normal(size=600)
        frame[:400].to_csv("train.csv", index=False)
        frame[400:500].to_csv("val.csv", index=False)
        frame[500:].to_csv("test.csv", index=False)
        ```
        Customers with the day they signed up, divided at random in all splits.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"signed": pd.date_range("2023-01-01", periods=600).strftime("%Y-%m-%d")})
        frame["age"], frame["spent"] = rng.normal(size=600), rng.normal(size=600)
        frame["target"] = rng.normal(size=600)
        frame = frame.sample(frac=1, random_state=0)
        frame[:400].to_csv("train.csv", index=False)
        frame[400:500].to_csv("val.csv", index=False)
        frame[500:].to_csv("test.csv", index=False)
        ```
    """
    if data.rank > 2 or data.format == "images" or len(data.splits) < 2:
        return
    for column in (c for c in data.train.columns if _is_time(c)):
        lines = {s.role: t for s in data.splits if s is not data.train and (t := _timeline(data, s, column))}
        by_time = any(t.later >= LATER and t.early == 0 for t in lines.values())
        found = [
            f for split in data.splits if split.role in lines for f in _judge(data, split, lines, by_time)
        ]
        yield from found
        if found:
            return  # other columns of times say the same


def _judge(data: Dataset, split: Split, lines: dict[str, Timeline], by_time: bool) -> Iterator[Finding]:
    line = lines[split.role]
    count, all_of = line.early, len(line.other)
    if line.other.max() < line.train.min():
        yield _finding(data, split, line, WARNING, f"all {split.role} rows are older than all training rows")
    elif abs(line.later - 0.5) < AT_RANDOM:
        what = f"{count:,} of {all_of:,} {split.role} rows are older than the last training row"
        yield _finding(data, split, line, WARNING if by_time else HINT, what)
    elif line.later >= LATER and count and not _repeats(data):
        what = f"{count:,} of {all_of:,} {split.role} rows are older than the last training row"
        yield _finding(data, split, line, WARNING, what)


def _repeats(data: Dataset) -> bool:
    """Whether several things are measured, each over a time of its own: a division by time within each."""
    named = (c for c in data.train.columns if GROUPS & set(words(c.name)) or c.name in data.identifiers)
    few = (c for c in data.train.columns if c.kind is Kind.CATEGORY)
    return any((c.distinct or 0) > 1 and (c.distinct or 0) <= 0.5 * c.rows for c in (*named, *few))


def _is_time(column: Column) -> bool:
    counts = column.kind is Kind.NUMBER and column.integral and (column.minimum or 0.0) > 10_000
    return column.kind is Kind.TIME or (counts and bool(TIMES & set(words(column.name)[-1:])))


def _timeline(data: Dataset, split: Split, column: Column) -> Timeline | None:
    import numpy as np
    import pandas as pd

    train, other = data.sample(data.train.role), data.sample(split.role)
    if train is None or other is None or column.name not in train or column.name not in other:
        return None
    values = _times(pd.concat([train[column.name], other[column.name]]))
    ours, theirs = values[: len(train)], values[len(train) :]
    there = np.isfinite(ours), np.isfinite(theirs)
    if min(int(t.sum()) for t in there) < FEWEST_ROWS or min(float(t.mean()) for t in there) < 0.9:
        return None
    texts = tuple(_ends(f[column.name], v) for f, v in ((train, ours), (other, theirs)))
    return Timeline(column.name, ours[there[0]], theirs[there[1]], (texts[0], texts[1]))


def _times(values: pd.Series[Any]) -> Array:
    """Times as numbers that grow; NaN for what is no time. Days come first where a month cannot stand."""
    import warnings

    import numpy as np
    import pandas as pd

    if values.dtype.kind == "f":
        return values.to_numpy(float)
    day_first = values.dtype.kind != "M" and bool(
        values.dropna().astype(str).str.match(compiled(DAY_FIRST)).any()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times = pd.to_datetime(values, errors="coerce", format="mixed", dayfirst=day_first, utc=True)
    numbers = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(float)
    result: Array = np.where(times.isna().to_numpy(), np.nan, numbers)
    return result


def _ends(values: pd.Series[Any], times: Array) -> tuple[str, str]:
    import numpy as np

    first, last = int(np.nanargmin(times)), int(np.nanargmax(times))
    return str(values.iloc[first])[:25], str(values.iloc[last])[:25]


def _finding(data: Dataset, split: Split, line: Timeline, level: Level, what: str) -> Finding:
    rows = tuple((role, *ends) for role, ends in zip((data.train.role, split.role), line.shown, strict=True))
    return Finding(
        Place(split.paths[0], part=f"column '{line.column}'"),
        f"{what} ('{line.column[:20]}')",
        "divide by time: train on the older rows, test on the newer ones",
        table=Table(("split", "first", "last"), rows),
        subject=(data.place.path, split.role, "time"),
        level=level,
    )
