"""Geometry of charts: values to coordinates of inline SVG. What is drawn with it, the templates say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from nnlint.dataclass import dataclass

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 22
MOST_POINTS = 240
"""Points of a line; of more, the lowest and highest of each stretch are drawn."""

MOST_DOTS = 40
"""A line of more points has no dots."""

WIDE = 50.0
"""A positive figure that spans more than this factor gets a logarithmic axis."""

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point that tells its value."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """A line: the ``d`` of a path. ``style`` numbers colours and dashes from 1."""

    name: str
    style: int
    path: str
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one axis of x and one of y. ``label`` says in words what is seen."""

    title: str
    label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    x_name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be drawn: points in the order of x, with the text of each; NaN breaks the line."""

    name: str
    points: Sequence[XY]
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to coordinates."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The coordinate of a value, to a tenth."""
        low, high, value = (self._flat(v) for v in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 5) -> Iterator[Tick]:
        """A few round values between the ends."""
        values = _decades(self.low, self.high, most) if self.log else _round(self.low, self.high, most)
        for value in values:
            yield Tick(self.at(value), figure(value))

    def _flat(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value


def chart(title: str, lines: Sequence[Line], *, log: bool | None = None, x_name: str = "") -> Chart | None:
    """Lines in one frame, None where no two points can be drawn. ``log`` None: where values span much."""
    points = [p for line in lines for p in line.points if math.isfinite(p[1])]
    if len(points) < 2:
        return None
    values = [y for _, y in points]
    positive = min(values) > 0
    log = positive and max(values) > WIDE * min(values) if log is None else log and positive
    along = [x for line in lines for x, _ in line.points]
    x = Axis(min(along), max(along), LEFT, WIDTH - RIGHT)
    y = Axis(*_margin(min(values), max(values), log), HEIGHT - BOTTOM, TOP, log)
    series = tuple(_series(line, n, x, y) for n, line in enumerate(lines, 1))
    ends = f"from {figure(min(values))} to {figure(max(values))}"
    label = f"{title}: {', '.join(line.name for line in lines)}; values {ends}"
    return Chart(title, label, tuple(x.ticks(6)), tuple(y.ticks()), series, x_name)


def figure(value: float) -> str:
    """A number for an axis: ``0.001``, ``25``, ``3e5``."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
    return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def steps(shares: Sequence[float], width: float, height: float, *, closed: bool) -> str:
    """The outline of a histogram whose highest bar has the share 1, as the ``d`` of a path."""
    size = width / max(len(shares), 1)
    path = [f"M0 {height:g}"]
    for number, share in enumerate(shares):
        path.append(f"V{round(height - share * (height - 2), 1):g}H{round((number + 1) * size, 1):g}")
    return "".join(path) + f"V{height:g}" + "Z" * closed


def _series(line: Line, style: int, x: Axis, y: Axis) -> Series:
    texts = line.texts or [figure(value) for _, value in line.points]
    dots = [
        Dot(x.at(a), y.at(b), text)
        for (a, b), text in zip(line.points, texts, strict=True)
        if math.isfinite(b)
    ]
    path = "".join(_path(_thinned(line.points), x, y))
    return Series(line.name, style, path, tuple(dots) if len(dots) <= MOST_DOTS else ())


def _path(points: Iterable[XY], x: Axis, y: Axis) -> Iterator[str]:
    pen = "M"
    for a, b in points:
        if math.isfinite(b):
            yield f"{pen}{x.at(a):g} {y.at(b):g}"
        pen = "L" if math.isfinite(b) else "M"


def _thinned(points: Sequence[XY]) -> Iterator[XY]:
    if len(points) <= MOST_POINTS:
        yield from points
        return
    size = -(-len(points) // (MOST_POINTS // 2))
    for start in range(0, len(points), size):
        part = points[start : start + size]
        finite = [p for p in part if math.isfinite(p[1])]
        if len(finite) < len(part):
            yield part[0][0], math.nan
        if finite:
            ends = (min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1]))
            yield from sorted(dict.fromkeys(ends))


def _margin(low: float, high: float, log: bool) -> tuple[float, float]:
    """Ends of an axis with some air."""
    if log:
        return (low / 1.3, high * 1.3) if high / low > 10 else (low / 2, high * 2)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return (0.0 if 0 <= low < 0.4 * high else low - room), high + room


def _round(low: float, high: float, most: int) -> list[float]:
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * n for n in (1, 2, 5, 10) if span / (power * n) <= most)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def _decades(low: float, high: float, most: int) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts in (1, 2, 5), (1, 3), (1,):
        found = [float(f"{n}e{power}") for power in range(first, last + 1) for n in parts]
        found = [value for value in found if low <= value <= high]
        if len(found) <= most:
            break
    return found[:: -(-len(found) // most) or 1]
