"""Coordinates of charts: values where their axis says, and nothing of a curve's shape lost."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlint.reports.html.charts import MOST_POINTS, Axis, Line, chart, figure, steps
from nnlint.reports.html.histograms import histogram

FINITE = st.floats(-1e30, 1e30, allow_subnormal=False)


@given(FINITE, FINITE)
def test_ticks_lie_within_the_axis(one: float, other: float) -> None:
    axis = Axis(min(one, other), max(one, other), 0, 100)
    assert all(-0.1 <= tick.at <= 100.1 for tick in axis.ticks())
    assert len(list(axis.ticks())) <= 6


@given(st.floats(1e-200, 1e200), st.floats(1.01, 1e100))
def test_logarithmic_axis_has_few_ticks_within_it(low: float, factor: float) -> None:
    ticks = list(Axis(low, low * factor, 0, 100, log=True).ticks())
    assert len(ticks) <= 5
    assert all(-0.1 <= tick.at <= 100.1 for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high", "log", "texts"),
    [
        (0.0, 1.0, False, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0.3, 4.0, True, ["0.5", "1", "2"]),
        (1e-9, 10.0, True, ["1e-9", "1e-6", "0.001", "1"]),
        (2.0, 2.0, False, ["2"]),
    ],
)
def test_ticks_are_round(low: float, high: float, log: bool, texts: list[str]) -> None:
    assert [tick.text for tick in Axis(low, high, 0, 1, log).ticks()] == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.001, "0.001"),
        (1234.5678, "1235"),
        (-74012.3, "-74012"),
        (2.5e-7, "2.5e-7"),
        (1e100, "1e100"),
    ],
)
def test_figure_is_short(value: float, text: str) -> None:
    assert figure(value) == text


def test_long_curve_keeps_its_peak_and_its_end() -> None:
    values = [1.0] * 10_000
    values[4321] = 9.0
    drawn = chart("loss", [Line("loss", [(float(n), v) for n, v in enumerate(values)])])
    assert drawn is not None
    heights = [float(y) for _, y in re.findall(r"[ML](\S+?) ([\d.]+)", drawn.series[0].path)]
    assert len(heights) <= 2 * MOST_POINTS
    assert len(set(heights)) == 2


def test_what_is_no_number_breaks_the_line() -> None:
    points = [(1.0, 1.0), (2.0, 2.0), (3.0, math.nan), (4.0, 4.0), (5.0, 5.0)]
    drawn = chart("loss", [Line("loss", points)])
    assert drawn is not None
    assert drawn.series[0].path.count("M") == 2
    assert len(drawn.series[0].dots) == 4


def test_one_point_is_no_chart() -> None:
    assert chart("loss", [Line("loss", [(1.0, 1.0), (2.0, math.inf)])]) is None


def test_losses_over_several_powers_of_ten_get_a_logarithmic_axis() -> None:
    drawn = chart("loss", [Line("loss", [(n, 10.0**-n) for n in range(6)])])
    assert drawn is not None
    assert [tick.text for tick in drawn.y_ticks] == ["1e-5", "0.001", "0.1"]


def test_outline_goes_up_by_the_shares() -> None:
    assert steps([0.0, 1.0], 100, 64, closed=False) == "M0 64V64H50V2H100V64"


def test_splits_of_a_histogram_share_their_bins() -> None:
    rng = np.random.default_rng(0)
    drawn = histogram({"train": rng.normal(0, 1, 500), "test": rng.normal(3, 1, 100)})
    assert drawn is not None
    train, test = (path.count("H") for _, path in drawn.outlines)
    assert train == test


def test_few_far_values_do_not_press_all_else_together() -> None:
    values = np.append(np.random.default_rng(0).normal(0, 1, 1000), 1e6)
    drawn = histogram({"train": values})
    assert drawn is not None
    assert float(drawn.high) < 5
    assert "to 1e6" in drawn.note


@pytest.mark.parametrize("values", [[], [math.nan], [3.0, 3.0]])
def test_what_cannot_be_told_apart_has_no_histogram(values: list[float]) -> None:
    assert histogram({"train": np.array(values)}) is None
