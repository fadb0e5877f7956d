"""``python -m tests.benchmarks.tables [mixed|large|wide|broad]``: reading and linting tables beside one Polars pass.

The reference is one streaming pass of Polars over the same files that computes the same figures of each
column: nulls, finite minimum, maximum, mean, deviation and distinct values. Each task runs in a process of its
own; CPU seconds and the peak of resident memory are those of the whole process, imports included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path(tempfile.gettempdir()) / "nnlint-benchmarks"
TASKS = ("polars", "profile", "lint")
"""What is measured, the reference first."""


def mixed(folder: Path) -> None:
    """1 000 000 training and 250 000 test rows of 36 columns: numbers, codes, categories, times, a target."""
    for name, rows, seed in (("train", 1_000_000, 0), ("test", 250_000, 1)):
        rng = np.random.default_rng(seed)
        numbers = {f"f{i}": rng.normal(i, 1 + i, rows) for i in range(18)}
        numbers["f3"][rng.random(rows) < 0.03] = np.nan
        codes = {f"n{i}": rng.integers(0, 10 ** (1 + i % 4), rows) for i in range(8)}
        towns = np.array([f"town {i}" for i in range(300)])
        categories = {f"c{i}": rng.choice(towns[: 5 * 3**i], rows) for i in range(4)}
        more = {
            "flag": rng.random(rows) < 0.3,
            "seen": np.datetime64("2020-01-01", "ms") + rng.integers(0, 10**11, rows).astype("m8[ms]"),
            "low": rng.random(rows).astype("f4"),
            "amount": rng.lognormal(3, 1, rows).round(2),
            "steps": rng.poisson(4, rows),
        }
        score = numbers["f0"] + numbers["f1"] / 2 + rng.normal(size=rows)
        frame = pl.DataFrame({**numbers, **codes, **categories, **more, "target": (score > 1).astype(int)})
        frame.with_columns(pl.col("f3").fill_nan(None)).write_parquet(folder / f"{name}.parquet")


def large(folder: Path) -> None:
    """10 000 000 rows of 30 float32 columns and a target."""
    import pyarrow as pa
    from pyarrow import parquet

    names = [f"f{i}" for i in range(30)]
    with parquet.ParquetWriter(
        folder / "large.parquet", pa.schema([*((n, pa.float32()) for n in names), ("target", pa.int8())])
    ) as file:
        for part in range(20):
            rng = np.random.default_rng(part)
            values = rng.normal(size=(30, 500_000)).astype("f4")
            target = (values[0] + rng.normal(size=500_000) > 0).astype("i1")
            columns = [*values, target]
            file.write_table(pa.table(dict(zip([*names, "target"], columns, strict=True))))


def wide(folder: Path) -> None:
    """1 000 rows of 10 000 columns."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(1_000, 10_000)).astype("f4"))
    frame.with_columns(target=pl.Series(rng.integers(0, 2, 1_000))).write_parquet(folder / "wide.parquet")


def broad(folder: Path) -> None:
    """50 000 rows of 2 000 columns: 0.4 GB."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.standard_normal((50_000, 2_000), "f4"))
    target = pl.Series(rng.integers(0, 2, 50_000))
    frame.with_columns(target=target).write_parquet(folder / "broad.parquet", row_group_size=10_000)


SETS: dict[str, Callable[[Path], None]] = {"mixed": mixed, "large": large, "wide": wide, "broad": broad}


def files(name: str) -> Path:
    """The folder of a data set."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make(folder: Path) -> None:
    """Write the data set, once."""
    if not any(folder.iterdir()):
        SETS[folder.name](folder)


def polars(folder: Path) -> None:
    """The reference: one streaming pass over each file."""
    for path in sorted(folder.glob("*.parquet")):
        frame = pl.scan_parquet(path)
        figures = []
        for name, kind in frame.collect_schema().items():
            column = pl.col(name)
            figures += [
                column.null_count().alias(f"{name} nulls"),
                column.approx_n_unique().alias(f"{name} n"),
            ]
            if kind.is_numeric():
                measures = ("min", "max", "mean", "std")
                figures += [getattr(column, m)().alias(f"{name} {m}") for m in measures]
        frame.select(figures).collect(engine="streaming")


def profile(folder: Path) -> None:
    """What every check that needs no rows works on."""
    from nnlint.config import Settings
    from nnlint.engine import read

    assert len(read([str(folder)], Settings(), lambda _: None).evidence) == 1


def lint(folder: Path) -> None:
    """The whole of ``nnlint folder``."""
    from nnlint.config import Settings
    from nnlint.engine import run

    result = run([str(folder)], Settings())
    assert not result.failures, result.failures
    print(sorted({f.code for f in result.findings}), file=sys.stderr)


def measured(task: str, name: str) -> tuple[float, float]:
    """CPU seconds and megabytes of one task in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.tables", "--task", task, name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return seconds, megabytes


def main() -> None:
    """Print a line for each task: CPU seconds, memory, and the ratio to the reference."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tables")
    parser.add_argument("sets", nargs="*", default=["mixed"], metavar="SET")
    parser.add_argument("--task", choices=("make", *TASKS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.task and (unknown := set(options.sets) - SETS.keys()):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    if options.task:
        globals()[options.task](files(options.sets[0]))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)))
        return
    print(f"{'':10}{'task':10}{'CPU s':>8}{'MB':>8}{'ratio':>8}")
    for name in options.sets:
        measured("make", name)  # in a process of its own: a child begins with its parent's peak of memory
        reference = 0.0
        for task in TASKS:
            seconds, megabytes = measured(task, name)
            reference = reference or seconds
            print(f"{name:10}{task:10}{seconds:8.2f}{megabytes:8.0f}{seconds / reference:8.1f}", flush=True)


if __name__ == "__main__":
    main()
