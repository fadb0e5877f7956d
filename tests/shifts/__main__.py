"""``python -m tests.shifts [--divisions N] [--plants N] [FAULT...]``: the share of divisions with a finding."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from tests.shifts.planting import FAULTS, SETS, divide, frame_of

from nnlint.check import all_checks
from nnlint.config import Settings
from nnlint.engine import run

CODES = ("DS104", "DS402", "DS401", "DS403", "DS404", "DS405", "DS406", "DS411")
SPLITS = ("train", "test")


def found(train: pd.DataFrame, test: pd.DataFrame, folder: Path) -> list[str]:
    """The codes of the findings about a division written to ``folder``, each once."""
    for name, frame in zip(SPLITS, (train, test), strict=True):
        frame.to_parquet(folder / f"{name}.parquet")
    there = [c.code for c in all_checks() if c.code in CODES]
    result = run([str(folder)], Settings(select=tuple(there)))
    assert not result.failures, result.failures
    return sorted({f.code for f in result.findings})


def rate(name: str, fault: str, times: int) -> tuple[float, Counter[str]]:
    """Share of divisions with any finding, and how often each code is among them."""
    frame, codes, alarms = frame_of(name), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(times):
            train, test = divide(frame, seed)
            if fault:
                test = FAULTS[fault](test, np.random.default_rng(seed))
            seen = found(train, test, Path(folder))
            alarms += bool(seen)
            codes.update(seen)
    return alarms / max(times, 1), codes


def main() -> None:
    """Print one line for each fault: the shares for each data set, their mean, the codes."""
    parser = argparse.ArgumentParser(prog="python -m tests.shifts")
    parser.add_argument("faults", nargs="*", help="names of faults; all without any")
    parser.add_argument("--divisions", type=int, default=34, help="random divisions of each data set")
    parser.add_argument("--plants", type=int, default=5, help="divisions of each with each fault")
    options = parser.parse_args()
    print(f"{'':16}" + "".join(f"{s:>14}" for s in (*SETS, "mean")), flush=True)
    for fault in ("", *(options.faults or FAULTS)):
        times = options.plants if fault else options.divisions
        shares, codes = list[float](), Counter[str]()
        print(f"{fault or 'nothing':16}", end="", flush=True)
        for name in SETS if times else ():
            share, seen = rate(name, fault, times)
            print(f"{share:14.2f}", end="", flush=True)
            shares.append(share)
            codes += seen
        print(f"{sum(shares) / max(len(shares), 1):14.2f}  {dict(codes.most_common())}", flush=True)


if __name__ == "__main__":
    main()
