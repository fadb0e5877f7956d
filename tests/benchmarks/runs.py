"""What a run costs, as ratios within one call: again, after an edit, and from a cold start beside other linters.

    python -m tests.benchmarks.runs FOLDER... [--files N] [--others PYTHON]

The Python files of the folders are copied, and linted in processes of their own: without and with results of an
earlier run, and after edits of a file that few import and of one that many do. ``--others``: an
interpreter that has TorchFix and pyflakes, for the start of a run on one file. Times are CPU time of the processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

REPEATS = 5
SMALL = "from torch import nn\n\nmodel = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))\n"
REALISTIC = Path(__file__).parents[2] / "fixtures" / "programs" / "albumentations_seg_clean.py"
WORD = "# an edit\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--others", metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        os.environ["NNLINT_CACHE_DIR"] = str(work / "cache")
        # Compiled files, as installed packages have them; and apart from the sources.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(work / "compiled")
        again(work, options.folders, options.files)
        starts(work, options.others)


def again(work: Path, folders: Iterable[Path], most: int) -> None:
    """A first run, a second one, and runs after edits."""
    files = list(islice(_copied(folders, work / "source"), most))
    for path in (work / "source").rglob("*.py"):
        if path not in files:
            path.unlink()
    first = linted(work / "source")
    print(f"{len(files)} files, first run: {first:.2f} s of CPU")
    report("second run", linted(work / "source"), first)
    leaf, used = _edited(files)
    for what, path in (
        ("after an edit of a file that few import", leaf),
        ("of one that many import", used),
    ):
        path.write_text(path.read_text(encoding="utf-8") + WORD, encoding="utf-8")
        report(f"{what} ({path.name})", linted(work / "source"), first)


def _copied(folders: Iterable[Path], into: Path) -> Iterable[Path]:
    for folder in folders:
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyc")
        shutil.copytree(folder, into / folder.name, ignore=ignored)
        yield from sorted((into / folder.name).rglob("*.py"))


def _edited(files: list[Path]) -> tuple[Path, Path]:
    """Of files with networks one that few others mention, not even its package, and the one that most mention."""
    sources = {path: path.read_text(encoding="utf-8", errors="replace") for path in files}
    networks = [path for path, text in sources.items() if "nn.Module" in text]
    mentions = {path: sum(path.stem in text for text in sources.values()) for path in networks}

    def used(path: Path) -> tuple[bool, int]:
        return path.stem in sources.get(path.with_name("__init__.py"), ""), mentions[path]

    return min(networks, key=used), max(networks, key=lambda path: mentions[path])


def starts(work: Path, others: str | None) -> None:
    """The start of a run on one file, beside other linters where they are."""
    (work / "small.py").write_text(SMALL)
    for what, path in (("a small model", work / "small.py"), ("a training program", REALISTIC)):
        mine = median([sys.executable, "-m", "nnlint", "--no-cache", "--isolated", str(path)])
        print(f"{what}: {mine:.2f} s of CPU")
        for tool, more in (("torchfix", ["--select", "ALL"]), ("pyflakes", [])) if others else ():
            report(f"  beside {tool}", mine, median([str(others), "-m", tool, *more, str(path)]))


def linted(path: Path) -> float:
    """CPU seconds of a run."""
    return cpu(
        [sys.executable, "-m", "nnlint", "--isolated", "--jobs", "1", "--output-format", "json", str(path)]
    )


def median(command: list[str]) -> float:
    """CPU seconds of a command, of several runs after one that compiles what is imported."""
    cpu(command)
    return statistics.median(cpu(command) for _ in range(REPEATS))


def cpu(command: list[str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(what: str, taken: float, reference: float) -> None:
    """A line of the table."""
    print(f"{what}: {taken:.2f} s of CPU, {taken / reference:.3f} times {reference:.2f} s", flush=True)


if __name__ == "__main__":
    main()
