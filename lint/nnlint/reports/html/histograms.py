"""Histograms of numbers: the splits of a data set over each other, as shares of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.images import ImageFacts
from nnlint.reports.html.charts import figure, steps
from nnlint.reports.html.images import images_of

if TYPE_CHECKING:
    import pandas as pd

    Frames = Mapping[str, pd.DataFrame]

WIDTH, HEIGHT = 240, 64
FEWEST_BINS, MOST_BINS = 8, 30
BEYOND = 0.005
"""Share of the values on each side that may lie beyond the frame, where they would press all else flat."""

SQUEEZED = 4.0
"""That is when the frame would be this much wider than what holds nearly all values."""

IMAGE_FIGURES = ("brightness", "contrast", "sharpness", "width", "height")


@dataclass(frozen=True, slots=True)
class Histogram:
    """Outlines by split: (role, ``d`` of a path), that to train on first. ``low``, ``high``: its ends."""

    outlines: tuple[tuple[str, str], ...]
    low: str
    high: str
    note: str = ""


def of_columns(data: Dataset, columns: Sequence[Column]) -> dict[str, Histogram]:
    """Histograms of the columns of numbers and times, from the sample that checks look at."""
    drawable = [c for c in columns if c.kind in (Kind.NUMBER, Kind.TIME) and not c.constant]
    frames = _frames(data) if drawable else {}
    found = {}
    for column in drawable:
        there = {role: frame[column.name] for role, frame in frames.items() if column.name in frame}
        if column.kind is Kind.TIME:
            drawn = histogram({role: _days(series) for role, series in there.items()}, written=_date)
        else:
            numbers = {role: s.to_numpy(float) for role, s in there.items() if s.dtype.kind == "f"}
            drawn = histogram(numbers, integral=column.integral)
        if drawn is not None:
            found[column.name] = drawn
    return found


def _days(times: pd.Series[Any]) -> Any:
    """Days since 1970 as numbers, NaN where there is no time."""
    import pandas as pd

    if times.dtype.kind != "M":
        times = pd.to_datetime(times, errors="coerce", format="ISO8601", utc=True)
    since = times - pd.Timestamp(0, tz=times.dt.tz)
    return (since / pd.Timedelta(days=1)).to_numpy(float)


def _date(days: float) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def of_images(data: Dataset) -> Iterator[tuple[str, Histogram]]:
    """Histograms of what is measured of each image."""
    import numpy as np

    facts = [f for f in images_of(data) if not f.reason] if data.format == "images" else []
    by_role: dict[str, list[ImageFacts]] = {}
    for each in facts:
        by_role.setdefault(each.role or "all", []).append(each)
    for name in IMAGE_FIGURES:
        values = {role: np.array([getattr(f, name) for f in members]) for role, members in by_role.items()}
        drawn = histogram(values, integral=name in ("width", "height"))
        if drawn is not None:
            yield name, drawn


def histogram(
    values: Mapping[str, Any], *, integral: bool = False, written: Callable[[float], str] = figure
) -> Histogram | None:
    """Shares of each split's values in common bins, None where there is nothing to be told apart."""
    import numpy as np

    finite = {role: v[np.isfinite(v)] for role, v in values.items()}
    finite = {role: v for role, v in finite.items() if len(v)}
    if not finite:
        return None
    together = np.concatenate([*finite.values()])
    low, high = float(together.min()), float(together.max())
    if not low < high:
        return None
    inner = np.quantile(together, (BEYOND, 1 - BEYOND))
    note = ""
    if high - low > SQUEEZED * (inner[1] - inner[0]) > 0:
        outside = float(np.mean((together < inner[0]) | (together > inner[1])))
        note = f"{outside:.1%} of the values lie beyond, from {written(low)} to {written(high)}"
        low, high = map(float, inner)
    edges = _edges(low, high, integral, min(map(len, finite.values())))
    shares = {r: np.histogram(v, edges)[0] / len(v) for r, v in finite.items()}
    top = max(float(s.max()) for s in shares.values()) or 1.0
    outlines = tuple(
        (role, steps([float(s) / top for s in heights], WIDTH, HEIGHT, closed=number == 0))
        for number, (role, heights) in enumerate(shares.items())
    )
    return Histogram(outlines, written(low), written(high), note)


def _edges(low: float, high: float, integral: bool, rows: int) -> Any:
    """A bin for each whole number where they are few, else as many as the smallest split fills (Rice)."""
    import numpy as np

    if integral and high - low < MOST_BINS:
        return np.arange(low - 0.5, high + 1)
    bins = min(max(FEWEST_BINS, round(2 * rows ** (1 / 3))), MOST_BINS)
    return np.linspace(low, high, bins + 1)


def _frames(data: Dataset) -> Frames:
    """The samples by split; none where they cannot be had any more."""
    roles = [data.train.role, *(s.role for s in data.splits if s.role != data.train.role)]
    try:
        frames = {role: data.sample(role) for role in roles}
    except Exception:  # a report of what was found does not fail because the rows are gone
        return {}
    return {role: frame for role, frame in frames.items() if frame is not None}
