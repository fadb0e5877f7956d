"""One pass over a tensor says what numpy says of it, whatever its size, type and layout."""

from __future__ import annotations

import numpy as np
import pytest

from nnlint.readers import statistics
from nnlint.readers.statistics import FEWEST_DISTINCT, SMALL, bfloat16, survey

RANDOM = np.random.default_rng(0)
SHAPES = [(200, 300), (3000, 27), (40, 9000), (96, 16, 5, 5), (SMALL + 3,), (7, 5)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8"])
@pytest.mark.parametrize("centre", [0.0, 1.0, 40.0])
def test_all_values_together(shape: tuple[int, ...], dtype: str, centre: float) -> None:
    values = (RANDOM.normal(centre, 1.0, shape) * (1 if dtype != "int8" else 3)).astype(dtype)
    found, exact = survey(values, (0, None)).statistics, values.astype(np.float64)
    assert (found.count, found.nan_count, found.inf_count) == (values.size, 0, 0)
    assert (found.minimum, found.maximum) == (exact.min(), exact.max())
    assert found.mean == pytest.approx(exact.mean(), abs=1e-6 * exact.std())
    assert found.deviation == pytest.approx(exact.std(), rel=1e-5)


@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) > 1 and s[1] > FEWEST_DISTINCT], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_slices_along_both_axes(shape: tuple[int, ...], order: str) -> None:
    values = RANDOM.normal(0, 0.3, shape).astype(np.float32)
    values[3] = values[1]
    values[:, 2] = 0
    units, inputs = survey(np.asarray(values, order=order), (0, 1)).slices
    assert units is not None and inputs is not None
    exact = values.astype(np.float64) ** 2
    for slices, axis in ((units, 0), (inputs, 1)):
        others = tuple(i for i in range(values.ndim) if i != axis)
        assert slices.norms == pytest.approx(np.sqrt(exact.mean(axis=others)), rel=1e-5)
    assert inputs.zeros[2] == inputs.size
    assert (1, 3) in units.copies


@pytest.mark.parametrize("shape", [(200, 300), (7, 5)], ids=str)
def test_what_is_no_number_is_counted_and_left_out(shape: tuple[int, ...]) -> None:
    values = RANDOM.normal(0, 1, shape).astype(np.float32)
    values[2, 3], values[4, :2] = np.nan, (np.inf, -np.inf)
    found, finite = survey(values, (0, 1)).statistics, values[np.isfinite(values)].astype(np.float64)
    assert (found.nan_count, found.inf_count) == (1, 2)
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert found.mean == pytest.approx(finite.mean(), abs=1e-6)
    assert found.deviation == pytest.approx(finite.std(), rel=1e-5)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_squares_beyond_single_precision(size: float) -> None:
    values = (RANDOM.normal(0, 1, (200, 300)) * size).astype(np.float32)
    found, exact = survey(values, (0, 1)), values.astype(np.float64)
    assert found.statistics.deviation == pytest.approx(exact.std(), rel=1e-5)
    (units, _) = found.slices
    assert units is not None
    assert units.norms == pytest.approx(np.sqrt((exact**2).mean(axis=1)), rel=1e-5)


def test_bits_are_decoded_block_by_block() -> None:
    values = RANDOM.normal(0, 1, (300, 100)).astype(np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    rounded = bfloat16(bits).astype(np.float64)
    found = survey(bits, (0, 1), bfloat16)
    assert found.statistics.maximum == rounded.max()
    assert found.slices[0] is not None
    assert found.slices[0].norms == pytest.approx(np.sqrt((rounded**2).mean(axis=1)), rel=1e-5)


def test_blocks_of_any_size_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = RANDOM.normal(0, 1, (500, 123)).astype(np.float32)
    whole = survey(values, (0, 1))
    monkeypatch.setattr(statistics, "WIDEST", 50)
    parts = survey(values, (0, 1), step=1000)
    assert parts.statistics.deviation == pytest.approx(whole.statistics.deviation, rel=1e-6)
    for one, other in zip(whole.slices, parts.slices, strict=True):
        assert one is not None and other is not None
        assert one.norms == pytest.approx(other.norms, rel=1e-5)


def test_one_dead_column_of_a_large_tensor_is_seen_though_columns_are_sampled() -> None:
    values = RANDOM.normal(0, 1, (4096, 32)).astype(np.float32)
    values[:, 7] = 0
    values[1::2] *= 1000  # no row of the sample
    _, columns = survey(values, (0, 1)).slices
    assert columns is not None
    assert columns.zeros[7] == columns.size == columns.seen == 4096
    assert columns.norms == pytest.approx(np.sqrt((values.astype(np.float64) ** 2).mean(axis=0)), rel=1e-5)


def test_columns_of_a_large_tensor_are_compared_by_every_fourth_row() -> None:
    values = RANDOM.normal(0, 1, (4096, 32)).astype(np.float32)
    rows, columns = survey(values, (0, 1)).slices
    assert rows is not None and columns is not None
    assert (rows.seen, columns.size, columns.seen) == (32, 4096, 1024)
    expected = np.sqrt((values[::4].astype(np.float64) ** 2).mean(axis=0))
    assert columns.norms == pytest.approx(expected, rel=1e-5)


def test_without_vecdot_rows_are_summed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = RANDOM.normal(0, 1, (300, 100)).astype(np.float32)
    monkeypatch.delattr(np, "vecdot", raising=False)
    (units,) = survey(values, (0,)).slices
    assert units is not None
    assert units.norms == pytest.approx(np.sqrt((values.astype(np.float64) ** 2).mean(axis=1)), rel=1e-5)
