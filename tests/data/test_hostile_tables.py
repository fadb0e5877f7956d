"""Damaged files of every format: what cannot be read is said, nothing raises, nothing is printed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine

from data.conftest import problems, reading
from nnlint.check import all_checks
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unsafe

FRAME = load_wine(as_frame=True).frame[:40].assign(text=["a,b", "c"] * 20, flag=[True, False] * 20)
CHECKS = [c for c in all_checks() if c.code.startswith("DS")]


def whole(name: str) -> bytes:
    path = Path(name)
    match path.suffix:
        case ".csv" | ".gz":
            FRAME.to_csv(path)
        case ".parquet":
            FRAME.to_parquet(path)
        case ".feather":
            FRAME.to_feather(path)
        case ".jsonl":
            FRAME.to_json(path, orient="records", lines=True)
        case ".npy":
            np.save(path, FRAME.iloc[:, :13].to_numpy())
        case ".npz":
            np.savez_compressed(path, x=FRAME.iloc[:, :13].to_numpy(), y=FRAME["target"])
    return path.read_bytes()


def damaged(content: bytes, chance: random.Random) -> bytes:
    data, at = bytearray(content), chance.randrange(len(content))
    match chance.choice(["cut", "flip", "insert", "zero"]):
        case "cut":
            return bytes(data[:at])
        case "flip":
            for _ in range(chance.choice([1, 3, 20])):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case "insert":
            data[at:at] = chance.randbytes(chance.choice([1, 50]))
        case "zero":
            data[at : at + 20] = bytes(20)
    return bytes(data)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.feather", "t.jsonl", "t.npy", "t.npz"])
def test_damaged_file_neither_raises_nor_prints(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    content, chance = whole(name), random.Random(name)
    for _ in range(30):
        Path(name).write_bytes(damaged(content, chance))
        evidence = reading().evidence
        assert evidence
        for data in (e for e in evidence if isinstance(e, Dataset)):
            for check in CHECKS:
                list(check.function(data, *[None] * (len(check.needs) - 1)))
    assert capfd.readouterr().err == ""


def test_archive_that_explodes_is_not_unpacked() -> None:
    np.savez_compressed("zeros.npz", x=np.zeros((6_000, 10_000), dtype="uint8"))
    assert isinstance(problems()["zeros.npz"], Unsafe)


def test_gzip_that_explodes_is_not_unpacked() -> None:
    import gzip

    Path("zeros.csv.gz").write_bytes(gzip.compress(b"0,0\n" * 10_000_000))
    assert isinstance(problems()["zeros.csv.gz"], Unsafe)


def test_image_that_explodes_is_not_decoded() -> None:
    from PIL import Image

    for label in "ab":
        Path(label).mkdir()
        for number in range(3):
            Image.new("L", (8, 8)).save(f"{label}/{number}.png")
    Image.new("1", (30_000, 30_000)).save("a/large.png")
    assert isinstance(problems()["a/large.png"], Unsafe)
