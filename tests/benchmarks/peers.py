"""``python -m tests.benchmarks.peers --environments FOLDER [--make] [--rows N] [--divisions N] [TOOL...]``: other tools.

Speed and memory on the table ``mixed`` of ``tests.benchmarks.tables``, cut to N training and N / 4 test rows
(all of 1 000 000 by default), and alarms on divisions of ``tests.shifts``: at random, and with a planted fault. The
tools need other versions of scikit-learn and pandas than nnlint, so each has an environment below FOLDER, called
like the tool; ``--make`` makes those that are not there with pip (0.6 GB each). What they alarm at are their own
default conditions: deepchecks FeatureDrift or MultivariateDrift, evidently any drifted column.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from tests.benchmarks.tables import FOLDER, measured
from tests.shifts.__main__ import found
from tests.shifts.planting import FAULTS, SETS, divide, frame_of

REQUIRED = {
    "deepchecks": (
        "deepchecks==0.19.1", "scikit-learn==1.5.2", "pandas==2.2.3", "numpy<2", "setuptools<80", "pyarrow<20",
    ),
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    "ydata": ("ydata-profiling==4.18.4", "setuptools<80", "pyarrow"),
}  # fmt: skip
TASKS = {
    "deepchecks": ("deepchecks-integrity", "deepchecks-splits"),
    "evidently": ("evidently-summary", "evidently-drift"),
    "ydata": ("ydata-minimal",),
}
ALARMING = ("deepchecks", "evidently")
PLANTED = ("+0.5 sd", "+1 sd", "category gone", "flipped")
SCRIPT = Path(__file__).with_name("peer_tasks.py")


def make(folder: Path) -> None:
    """An environment with the tool that the folder is called like."""
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
        command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *REQUIRED[folder.name]]
        subprocess.run(command, check=True)


def run(environment: Path, task: str, folder: Path) -> list[object]:
    """What a task prints; its own output is dropped."""
    command = [environment / "bin" / "python", SCRIPT, task, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: list[object] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(rows: int) -> str:
    """The name of the set ``mixed``, cut to so many training rows."""
    measured("make", "mixed")
    if rows >= 1_000_000:
        return "mixed"
    folder = FOLDER / f"mixed-{rows}"
    folder.mkdir(exist_ok=True)
    for name, number in (("train", rows), ("test", rows // 4)):
        frame = pl.scan_parquet(FOLDER / "mixed" / f"{name}.parquet").head(number)
        frame.sink_parquet(folder / f"{name}.parquet")
    return folder.name


def divisions(folder: Path, fault: str, times: int) -> Iterator[tuple[str, bool]]:
    """Write the divisions; give their names, and whether nnlint alarms."""
    for name in SETS:
        frame = frame_of(name)
        for seed in range(times):
            train, test = divide(frame, seed)
            if fault:
                test = FAULTS[fault](test, np.random.default_rng(seed))
            place = folder / f"{name} {seed}"
            place.mkdir()
            yield place.name, bool(found(train, test, place))


def print_speed(name: str, environments: Path, tools: Iterable[str]) -> None:
    """A line for each task: CPU seconds, megabytes, and the ratio to nnlint."""
    print(f"{name:24}{'CPU s':>8}{'MB':>8}{'ratio':>8}")
    reference, megabytes = measured("lint", name)
    print(f"  {'nnlint':22}{reference:8.1f}{megabytes:8.0f}{1.0:8.1f}", flush=True)
    for tool in tools:
        for task in TASKS[tool]:
            seconds, megabytes = run(environments / tool, task, FOLDER / name)  # type: ignore[assignment]
            print(f"  {task:22}{seconds:8.1f}{megabytes:8.0f}{seconds / reference:8.1f}", flush=True)


def print_alarms(environments: Path, tools: Sequence[str], times: int) -> None:
    """A line for each fault: the share of divisions in which each tool alarms."""
    print(f"{'divisions with alarms':24}" + "".join(f"{t:>12}" for t in ("nnlint", *tools)))
    for fault in ("", *PLANTED):
        with tempfile.TemporaryDirectory() as place:
            ours = [alarm for _, alarm in divisions(Path(place), fault, times if fault else 4 * times)]
            counts = [sum(ours), *(len(run(environments / t, f"{t}-alarms", Path(place))) for t in tools)]
        shares = "".join(f"{count / len(ours):12.2f}" for count in counts)
        print(f"  {fault or 'nothing':22}{shares}   of {len(ours)}", flush=True)


def main() -> None:
    """Compare the tools that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=", ".join(REQUIRED))
    parser.add_argument("--environments", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--make", action="store_true", help="make the environments that are not there")
    parser.add_argument("--rows", type=int, default=1_000_000, help="training rows; 0: no speed")
    parser.add_argument("--divisions", type=int, default=3, help="of each set and fault; 0: no alarms")
    options = parser.parse_args()
    tools = options.tools or [*REQUIRED]
    if unknown := set(tools) - REQUIRED.keys():
        parser.error(f"no such tool: {', '.join(unknown)}")
    for tool in tools if options.make else ():
        make(options.environments / tool)
    if options.rows:
        print_speed(table(options.rows), options.environments, tools)
    if options.divisions:
        print_alarms(options.environments, [t for t in tools if t in ALARMING], options.divisions)


if __name__ == "__main__":
    sys.exit(main())
