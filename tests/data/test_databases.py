"""Tables of data bases are profiled where they are, and judged as the same table in a file."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.conftest import only
from nnlint.cli import main
from nnlint.config import Settings
from nnlint.engine import read, run
from nnlint.evidence.data import SAMPLE_ROWS, Dataset, Task
from nnlint.evidence.files import Unreadable

RNG = np.random.default_rng(0)
ROWS = 600
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, ROWS),
        "income": RNG.normal(3e4, 5e3, ROWS).round(2),
        "town": RNG.choice(["Köln", "Oslo", "Paris"], ROWS),
        'the "rest"': RNG.normal(size=ROWS),
    }
)
FRAME["churned"] = (FRAME["income"] + RNG.normal(0, 4e3, ROWS) > 3e4).astype(int)
FRAME.loc[::5, "income"] = np.nan


def duckdb_file(frame: pd.DataFrame, table: str = "customers") -> str:
    import duckdb

    with duckdb.connect("base.duckdb") as base:
        base.register("frame", frame)
        base.execute(f"create table {table} as select * from frame")
    return f"duckdb://base.duckdb/{table}"


def sqlite_file(frame: pd.DataFrame, table: str = "customers") -> str:
    base = sqlite3.connect("base.sqlite")
    frame.to_sql(table, base, index=False)
    base.close()
    return f"sqlite://base.sqlite/{table}"


def postgres(frame: pd.DataFrame, table: str = "customers") -> str:
    import psycopg  # type: ignore[import-not-found]  # not among what every environment has

    url = os.environ["NNLINT_TEST_POSTGRES"]
    names = [name.replace('"', '""') for name in frame]
    types = {"i": "bigint", "f": "double precision"}
    made = ", ".join(f'"{n}" {types.get(t.kind, "text")}' for n, t in zip(names, frame.dtypes, strict=True))
    with psycopg.connect(url) as base, base.cursor() as cursor:
        cursor.execute(f"drop table if exists {table}")
        cursor.execute(f"create table {table} ({made})")
        with cursor.copy(f"copy {table} from stdin") as copy:
            for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
                copy.write_row(row)
    return f"{url}/{table}"


SERVER = pytest.mark.skipif("NNLINT_TEST_POSTGRES" not in os.environ, reason="no server is named")
BASES = [duckdb_file, sqlite_file, pytest.param(postgres, marks=[pytest.mark.postgres, SERVER])]


def dataset(url: str) -> Dataset:
    (found,) = read([], Settings(data=(url,)), lambda _: None).evidence
    assert isinstance(found, Dataset), found
    return found


@pytest.mark.parametrize("base", BASES)
def test_table_of_a_data_base_has_the_profile_of_its_file(base) -> None:  # type: ignore[no-untyped-def]
    FRAME.to_parquet("customers.parquet")
    here = only()
    there = dataset(base(FRAME))
    for column in here.train.columns:
        same = there.train.column(column.name)
        assert same is not None and same.kind == column.kind
        assert (same.rows, same.missing, same.distinct) == (column.rows, column.missing, column.distinct)
        assert same.mean == pytest.approx(column.mean) and same.deviation == pytest.approx(column.deviation)
        assert (same.integral, same.top) == (column.integral, column.top)
    assert there.target is not None and there.target.task is Task.CLASSIFICATION


@pytest.mark.parametrize("base", BASES)
def test_findings_are_those_of_the_file(base) -> None:  # type: ignore[no-untyped-def]
    url = base(FRAME.assign(constant=1))
    result = run([], Settings(data=(url,), target="churned"))
    assert not result.failures
    assert sorted({f.code for f in result.findings}) == ["DS301", "DS306"]
    assert {f.place.path for f in result.findings} == {url}


@pytest.mark.parametrize("base", BASES)
def test_large_table_gives_a_bounded_sample_with_every_class(base) -> None:  # type: ignore[no-untyped-def]
    rows = 50_000
    rng = np.random.default_rng(0)
    large = pd.DataFrame({"x": rng.normal(size=rows), "label": (np.arange(rows) % 1_000 == 0).astype(int)})
    data = dataset(base(large, "events"))
    sample = data.sample("all")
    assert sample is not None and 0.5 * SAMPLE_ROWS < len(sample) <= SAMPLE_ROWS
    assert (sample["label"] == "1").sum() == 50
    again = dataset(base(large, "events_again")).sample("all")
    assert again is not None and sample["x"].sum() == pytest.approx(again["x"].sum())


def test_splits_are_tables_of_one_data_base() -> None:
    urls = [duckdb_file(FRAME[:400], "churn_train"), duckdb_file(FRAME[400:], "churn_test")]
    (found,) = read([], Settings(data=tuple(urls)), lambda _: None).evidence
    assert isinstance(found, Dataset) and [s.role for s in found.splits] == ["train", "test"]


WRONG = {
    "duckdb://missing.duckdb/t": "there is no data base",
    "duckdb://base.duckdb/nothing": "the data base says",
    "duckdb://t": "no table is named",
    "nonsense://host/base/t": "cannot connect with nonsense",
}


@pytest.mark.parametrize("url", WRONG)
def test_address_that_leads_nowhere_is_said(url: str) -> None:
    duckdb_file(FRAME)
    (problem,) = read([], Settings(data=(url,)), lambda _: None).evidence
    assert isinstance(problem, Unreadable) and WRONG[url] in problem.reason


def test_password_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", "postgres://me:secret@127.0.0.1:1/base/t", "--color", "never"]) == 1
    output = capsys.readouterr()
    assert "postgres://me@127.0.0.1:1/base/t" in output.out and "secret" not in output.out + output.err


def test_files_are_read_by_the_engine_that_is_named() -> None:
    FRAME.to_parquet("customers.parquet")
    FRAME.to_csv("table.csv", index=False)
    found = read(["."], Settings(engine="duckdb://"), lambda _: None).evidence
    means = [d.train.column("age").mean for d in found]  # type: ignore[attr-defined,union-attr]
    assert means == pytest.approx([FRAME["age"].mean()] * 2)


@pytest.mark.spark
@pytest.mark.skipif("NNLINT_TEST_SPARK" not in os.environ, reason="not asked for")
def test_files_are_read_by_spark() -> None:
    FRAME.drop(columns='the "rest"').to_parquet("customers.parquet")
    result = run([str(Path.cwd())], Settings(engine="pyspark://local[2]", target="churned"))
    assert {f.code for f in result.findings} == {"DS301"}
