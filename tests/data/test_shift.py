"""Random divisions of the bundled sets are silent; shifted columns and shared rows are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom
from sklearn import datasets as bundled

from data.conftest import findings
from nnlint_checks.data.chance import exact, keys

SETS = ["breast_cancer", "diabetes", "digits", "iris", "wine"]


def frame_of(name: str) -> pd.DataFrame:
    frame: pd.DataFrame = getattr(bundled, f"load_{name}")(as_frame=True).frame
    frame.insert(0, "group", np.random.default_rng(9).choice(list("abcde"), len(frame)))
    return frame


def divide(frame: pd.DataFrame, seed: int, share: float = 0.7) -> tuple[pd.DataFrame, pd.DataFrame]:
    mixed = frame.sample(frac=1, random_state=seed)
    cut = int(share * len(mixed))
    return mixed[:cut].copy(), mixed[cut:].copy()


def write(train: pd.DataFrame, test: pd.DataFrame) -> None:
    train.to_parquet("train.parquet")
    test.to_parquet("test.parquet")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", SETS)
def test_random_division_is_silent(name: str, seed: int) -> None:
    write(*divide(frame_of(name), seed))
    assert findings("DS401") + findings("DS407") == []


@pytest.mark.parametrize("name", SETS)
def test_column_moved_by_one_deviation_is_found(name: str) -> None:
    frame = frame_of(name)
    column = frame.columns[{"digits": 21, "iris": 1}.get(name, 4)]
    train, test = divide(frame, 0)
    test[column] = test[column] + frame[column].std()
    write(train, test)
    assert [f.subject for f in findings("DS401")] == [("train.parquet", column)]


def test_category_that_vanishes_is_found() -> None:
    train, test = divide(frame_of("breast_cancer"), 0)
    write(train, test[test["group"] != "a"])
    assert [f.subject for f in findings("DS401")] == [("train.parquet", "group")]


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "wine"])
def test_rows_left_in_training_are_counted(name: str) -> None:
    train, test = divide(frame_of(name), 0)
    write(pd.concat([train, test.head(12)]), test)
    (finding,) = findings("DS407")
    assert finding.message.startswith(f"12 of {len(test)} test rows")


def test_rows_with_slight_noise_are_found() -> None:
    train, test = divide(frame_of("breast_cancer").drop(columns="group"), 0)
    features = [c for c in test if c != "target"]
    copies = test.head(30).copy()
    copies[features] *= 1 + 1e-5 * np.random.default_rng(0).normal(size=(30, len(features)))
    write(pd.concat([train, copies]), test)
    (finding,) = findings("DS407")
    assert finding.message.startswith("30 of")


def test_rows_of_a_table_of_few_values_are_equal_by_chance() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, size=(400, 4)), columns=list("abcd"))
    frame["label"] = rng.integers(0, 2, 400)
    write(*divide(frame, 0))
    assert findings("DS407") + findings("DS102") == []


@pytest.mark.parametrize("seed", range(3))
def test_the_same_persons_on_both_sides_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame["subject"] = np.arange(300) // 6
    write(*divide(frame, seed))
    (finding,) = findings("DS407")
    assert "'subject'" in finding.message


def test_persons_kept_together_are_silent() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame["subject"] = np.arange(300) // 6
    write(frame[:210], frame[210:])
    assert findings("DS407") == []


def test_shared_rows_of_large_tables_are_found_in_a_sample() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(90_000, 4)), columns=list("abcd"))
    write(frame[:70_000], frame[68_000:].sample(frac=1, random_state=0))
    (finding,) = findings("DS407")
    assert "sampled test rows are in the training split" in finding.message


@pytest.mark.parametrize(
    ("a", "rows", "b", "others"), [(20, 100, 0, 40), (3, 30, 20, 60), (500, 5_000, 900, 5_000), (5, 9, 5, 9)]
)
def test_exact_chance_is_that_of_fisher(a: int, rows: int, b: int, others: int) -> None:
    tails = [hypergeom(rows + others, a + b, rows).cdf(a), hypergeom(rows + others, a + b, rows).sf(a - 1)]
    assert exact(a, rows, b, others) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-6)


def test_keys_of_rows_are_equal_where_all_values_are() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 4, (5_000, 6)).astype(float)).assign(
        town=rng.choice(["a", "b"], 5_000)
    )
    frame.iloc[::7, 2] = np.nan
    frame.iloc[::5, 1] *= -0.0
    assert len(np.unique(keys(frame))) == len(frame.drop_duplicates())


def test_keys_of_many_columns_tell_a_single_bit() -> None:
    frame = pd.DataFrame(np.zeros((3, 450)))
    frame.iloc[1, 449] = 1.0
    first, second, third = keys(frame)
    assert first == third != second


def test_rows_that_were_rounded_are_found_again() -> None:
    frame = (
        bundled.load_breast_cancer(as_frame=True)
        .frame.sample(frac=1, random_state=0)
        .iloc[:, [0, 1, 2, 3, -1]]
    )
    frame[:400].to_csv("train.csv", index=False)
    frame[400:].round(1).to_csv("test.csv", index=False)
    assert findings("DS407") == []
    frame[380:].round(1).to_csv("test.csv", index=False)
    assert [f.message for f in findings("DS407")] == ["20 of 189 test rows are training rows, rounded"]
