"""``python -m tests.benchmarks.models``: time of reading large models, as multiples of named references.

* A graph of 210 MB with its weights inside: all checks of structure, against ``onnx.load`` of the same file.
* 2 GB of safetensors: every tensor's statistics, those of its units too, against the minimum and the maximum
  that numpy takes of the same memory map; and the memory it takes besides that map.

Both are written to a temporary folder first and removed after. The least of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from nnlint.config import Settings
from nnlint.engine import run
from nnlint.evidence.weights import Weights

BLOCKS, WIDTH = 50, 1024
"""Of the graph: residual blocks of one layer with its batch norm; 4 MB each."""
SHAPES = {
    "attn.qkv.weight": (3072, 1024),
    "attn.proj.weight": (1024, 1024),
    "norm1.weight": (1024,),
    "mlp.fc1.weight": (4096, 1024),
    "mlp.fc1.bias": (4096,),
    "mlp.fc2.weight": (1024, 4096),
}
"""Of the checkpoint: a block of a transformer, 50 MB."""
VALUES_BEHIND_STRUCTURE = ("OX110",)
"""Checks of graphs that ask how weights are distributed."""
MB = 2**20


def graph(path: Path) -> None:
    """A graph whose weights stand in the file itself."""
    random, nodes, stored, value = np.random.default_rng(0), list[onnx.NodeProto](), [], "x"
    for i in range(BLOCKS):
        made = {f"{i}.weight": (WIDTH, WIDTH)} | {
            f"{i}.{n}": (WIDTH,) for n in ("bias", "gain", "mean", "var")
        }
        for name, shape in made.items():
            values = random.standard_normal(shape, np.float32) ** 2 * 0.03
            stored.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values.tobytes(), raw=True))
        nodes += [
            helper.make_node("Gemm", [value, f"{i}.weight"], [f"g{i}"], name=f"/{i}/Gemm"),
            helper.make_node(
                "BatchNormalization",
                [f"g{i}", *(f"{i}.{n}" for n in ("gain", "bias", "mean", "var"))],
                [f"n{i}"],
                name=f"/{i}/BatchNormalization",
            ),
            helper.make_node("Relu", [f"n{i}"], [f"r{i}"], name=f"/{i}/Relu"),
            helper.make_node("Add", [value, f"r{i}"], [f"s{i}"], name=f"/{i}/Add"),
        ]
        value = f"s{i}"
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", WIDTH]) for n in ("x", value))
    net = helper.make_graph(nodes, "net", [x], [y], stored)
    onnx.save(helper.make_model(net, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def checkpoint(path: Path, size: int) -> None:
    """A file of safetensors of about so many bytes."""
    random, header, at = np.random.default_rng(0), dict[str, Any](), 0
    block = {n: random.standard_normal(s, np.float32) * 0.02 for n, s in SHAPES.items()}
    count = size // sum(v.nbytes for v in block.values())
    for i in range(count):
        for name, values in block.items():
            entry = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, at + values.nbytes]}
            header[f"blocks.{i}.{name}"], at = entry, at + values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _ in range(count):
            for values in block.values():
                values.tofile(file)


def extremes(path: Path) -> None:
    """The reference: the least and the largest number of the whole file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
    values = np.memmap(path, np.float32, "r", 8 + length)
    values.min()
    values.max()


def lint(path: Path, *codes: str, ignore: tuple[str, ...] = ()) -> None:
    """All checks of the families on a file."""
    result = run([str(path)], Settings(select=codes, ignore=ignore))
    assert not result.failures, result.failures
    read = sum(len(e.tensors) for e in result.evidence if isinstance(e, Weights)) if "WT" in codes else 1
    assert read, "nothing was read"


def least(work: Callable[[], None], rounds: int) -> float:
    """Seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def own_memory() -> int:
    """Bytes of this process that are no file's: what a memory map takes is given back when others need it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))


def peak_memory(work: Callable[[], None]) -> int:
    """The most memory that ``work`` takes besides what is taken before, in bytes."""
    before, most, done = own_memory(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            most[0] = max(most[0], own_memory())

    watching = threading.Thread(target=watch)
    watching.start()
    work()
    done.set()
    watching.join()
    return max(0, most[0] - before)


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of the checkpoint")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        graph(path)
        loading = least(lambda: onnx.load(path) and None, options.rounds)
        structure = least(lambda: lint(path, "OX", ignore=VALUES_BEHIND_STRUCTURE), options.rounds)
        size = path.stat().st_size // MB
        print(f"structure of a graph of {size} MB: {structure / loading:.1%} of the time of onnx.load")
        print(f"  ({structure * 1e3:.1f} ms, {loading * 1e3:.0f} ms)")
        path.unlink()
        path = Path(folder, "model.safetensors")
        checkpoint(path, int(options.gigabytes * 2**30))
        reference = least(lambda: extremes(path), options.rounds)
        memory = peak_memory(lambda: lint(path, "WT"))
        scanning = least(lambda: lint(path, "WT"), options.rounds)
        size = path.stat().st_size // MB
        print(f"weights of {size} MB: {reference / scanning:.0%} of the rate of numpy's min and max")
        print(f"  ({scanning:.2f} s, {reference:.2f} s), {memory // MB} MB of memory besides the map")


if __name__ == "__main__":
    main()
