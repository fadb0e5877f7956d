"""``python -m tests.benchmarks.images [--number N]``: linting a folder of small images beside decoding it.

N images (100 000) of 32 x 32 pixels in ten classes and two splits, half of them PNG, half JPEG; three are broken:
an empty file, one cut short, one that would take gigabytes when decoded. The reference is Pillow alone, which
decodes every image of the folder. Each task runs in a process of its own; seconds and the peak of resident memory
are those of the whole process, imports included.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from tests.benchmarks.tables import FOLDER

TASKS = ("pillow", "read", "lint")
"""What is measured, the reference first."""


def make(folder: Path, number: int) -> None:
    """Write the images, once: blobs of colour, those of one class alike."""
    if folder.is_dir():
        return
    from PIL import Image

    for label in range(10):
        for split, part in (("train", 0.8), ("test", 0.2)):
            rng = np.random.default_rng((label, split == "test"))
            place = folder / split / f"class {label}"
            place.mkdir(parents=True)
            for i in range(round(number / 10 * part)):
                pixels = rng.integers(0, 200, (5, 5, 3), dtype=np.uint8) + np.uint8(5 * label)
                image = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC)
                image.save(place / f"{i}.{'png' if i % 2 else 'jpg'}")
    place = folder / "train" / "class 3"
    (place / "empty.png").touch()
    (place / "cut.jpg").write_bytes((place / "0.jpg").read_bytes()[:500])
    (place / "bomb.png").write_bytes(bomb(30_000))


def bomb(side: int) -> bytes:
    """A PNG of side x side black pixels: a few megabytes at most, gigabytes when decoded."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
        )

    header = side.to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    packer, rows = zlib.compressobj(9), io.BytesIO()
    for _ in range(side):
        rows.write(packer.compress(bytes(1 + 3 * side)))
    rows.write(packer.flush())
    parts = (b"IHDR", header), (b"IDAT", rows.getvalue()), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(n, c) for n, c in parts)


def pillow(folder: Path) -> None:
    """The reference: every image is decoded."""
    from PIL import Image

    for path in folder.rglob("*.*"):
        try:
            with Image.open(path) as image:
                image.load()
        except (OSError, Image.DecompressionBombError):
            print(path, file=sys.stderr)


def read(folder: Path) -> None:
    """What is known of the folder and of a sample of its images."""
    from nnlint.config import Settings
    from nnlint.engine import read as evidence
    from nnlint.evidence.data import Dataset

    for piece in evidence([str(folder)], Settings(), lambda _: None).evidence:
        assert not isinstance(piece, Dataset) or piece.images


def lint(folder: Path) -> None:
    """The whole of ``nnlint folder``."""
    from nnlint.config import Settings
    from nnlint.engine import run

    result = run([str(folder)], Settings())
    assert not result.failures, result.failures
    print("\n".join(f"{f.code} {f.place} {f.message}" for f in result.findings), file=sys.stderr)


def main() -> None:
    """Print a line for each task: seconds, CPU seconds, memory, and the ratio of CPU to the reference."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.images")
    parser.add_argument("--number", type=int, default=100_000)
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = FOLDER / f"images-{options.number}"
    if options.task:
        began = time.perf_counter()
        globals()[options.task](folder)
        spent, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps((spent, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    make(folder, options.number)
    print(f"{'task':10}{'s':>8}{'CPU s':>8}{'MB':>8}{'ratio':>8}")
    reference = 0.0
    for task in TASKS:
        command = [sys.executable, "-m", "tests.benchmarks.images", "--number", str(options.number)]
        done = subprocess.run([*command, "--task", task], check=True, stdout=subprocess.PIPE, text=True)
        wall, seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
        reference = reference or seconds
        print(f"{task:10}{wall:8.2f}{seconds:8.2f}{megabytes:8.0f}{seconds / reference:8.1f}", flush=True)


if __name__ == "__main__":
    main()
