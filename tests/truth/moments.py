"""``PYTHONPATH=tests python -m tests.truth.moments [--count N] [MODEL...]``: predicted gains beside measured ones.

Networks are drawn at random, or taken from torchvision and timm as they are built there. For each layer: the standard deviation over inputs of
what it gives, and the norm of its gradient against that of what the head reads; both in decades.
"""

from __future__ import annotations

import argparse
import fnmatch
import math
import random
import statistics
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tests.truth.models import FUEL, PACKAGES, Target
from tests.truth.static import deep, new_interpreter

from nnlint.config import Settings
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.network.signal import Signal, signal
from nnlint.readers.source import read
from nnlint.readers.source.collect import network_of as network_of_call
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.frame import Frame
from nnlint.readers.source.language.values import NOWHERE, Arguments, Scope

BATCH = 16
BATCH_OF_IMAGES = 8
INITIALISATIONS = 5
LEAST = 1e-15
"""Below, float32 has lost the signal: nothing is compared."""

Gains = dict[str, tuple[float, float]]
"""Module -> (forward, backward) in decades."""


@dataclass(frozen=True)
class Compared:
    """Predicted minus measured, in decades."""

    name: str
    forward: tuple[float, ...]
    backward: tuple[float, ...]


HEAD = "import torch\nfrom torch import nn\n\n"
ACTIVATIONS = (
    *("nn.ReLU()", "nn.LeakyReLU(0.2)", "nn.GELU()", "nn.SiLU()", "nn.Tanh()", "nn.Sigmoid()", "nn.ELU()"),
    *("nn.SELU()", "nn.Softplus()", "nn.Mish()", "nn.Hardtanh()", "nn.Hardswish()", "nn.ReLU6()"),
)
STARTS = (
    "",
    "",
    "nn.init.xavier_uniform_(m.weight)",
    "nn.init.kaiming_normal_(m.weight, nonlinearity='relu')",
    "nn.init.kaiming_uniform_(m.weight, mode='fan_out', nonlinearity='relu')",
    "nn.init.orthogonal_(m.weight)",
    "nn.init.normal_(m.weight, std=0.02)",
    "nn.init.normal_(m.weight, 0, 0.1)",
    "nn.init.trunc_normal_(m.weight, std=0.05)",
)


def program(draw: random.Random) -> tuple[str, tuple[int, ...]]:
    """The source of ``net``, and the sizes of its input."""
    write = draw.choice((_dense, _dense, _convolutional, _residual))
    lines, sizes = write(draw)
    start = draw.choice(STARTS)
    after = ""
    if start:
        after = f"for m in net.modules():\n    if isinstance(m, (nn.Linear, nn.Conv2d)):\n        {start}\n"
        if draw.random() < 0.5:
            after += "        nn.init.zeros_(m.bias)\n"
    shape = ", ".join(map(str, (BATCH, *sizes)))
    return f"{HEAD}{lines}{after}\nnet(torch.randn({shape}))\n", sizes


def _dense(draw: random.Random) -> tuple[str, tuple[int, ...]]:
    width = into = draw.choice((64, 100, 256))
    activation, norm = draw.choice(ACTIVATIONS), draw.choice(("", "", "", "nn.BatchNorm1d", "nn.LayerNorm"))
    layers: list[str] = []
    for _ in range(draw.randint(2, 12)):
        out = draw.choice((64, 128, 200))
        layers += [f"nn.Linear({width}, {out})", *([f"{norm}({out})"] if norm else []), activation]
        layers += ["nn.Dropout(0.3)"] if draw.random() < 0.15 else []
        width = out
    return _sequential([*layers, f"nn.Linear({width}, 10)"]), (into,)


def _sequential(layers: Sequence[str]) -> str:
    return "net = nn.Sequential(\n" + "".join(f"    {layer},\n" for layer in layers) + ")\n"


def _convolutional(draw: random.Random) -> tuple[str, tuple[int, ...]]:
    side = draw.choice((8, 16))
    activation, norm = draw.choice(ACTIVATIONS), draw.choice(("", "", "nn.BatchNorm2d", "nn.InstanceNorm2d"))
    layers: list[str] = []
    width, size = 3, side
    for _ in range(draw.randint(2, 8)):
        out = draw.choice((16, 32, 48))
        layers += [
            f"nn.Conv2d({width}, {out}, 3, padding=1)",
            *([f"{norm}({out})"] if norm and size > 1 else []),
        ]
        layers.append(activation)
        if size > 2 and draw.random() < 0.35:
            layers.append(draw.choice(("nn.MaxPool2d(2)", "nn.AvgPool2d(2)")))
            size //= 2
        width = out
    end = draw.choice(("pool", "flat"))
    layers += ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"] if end == "pool" else ["nn.Flatten()"]
    inner = width * (1 if end == "pool" else size * size)
    return _sequential([*layers, f"nn.Linear({inner}, 64)", activation, "nn.Linear(64, 10)"]), (3, side, side)


def _residual(draw: random.Random) -> tuple[str, tuple[int, ...]]:
    width, depth = draw.choice((64, 128)), draw.randint(2, 10)
    activation = draw.choice(ACTIVATIONS)
    norm = draw.choice(("nn.LayerNorm({})", "nn.Identity()", "nn.BatchNorm1d({})")).format(width)
    source = (
        "class Block(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.norm = {norm}\n        self.one = nn.Linear({width}, {2 * width})\n"
        f"        self.act = {activation}\n        self.two = nn.Linear({2 * width}, {width})\n\n"
        "    def forward(self, x):\n        return x + self.two(self.act(self.one(self.norm(x))))\n\n\n"
    )
    blocks = [f"nn.Linear(50, {width})", *["Block()"] * depth, f"nn.Linear({width}, 10)"]
    return source + _sequential(blocks), (50,)


# what is predicted


def network_of(path: Path) -> Network:
    """The last network that a program calls."""
    evidence = read([path], Settings(named=frozenset({str(path)})), lambda note: None).evidence
    return [e for e in evidence if isinstance(e, Network) and e.operations][-1]


def predicted(network: Network) -> tuple[Signal, Gains]:
    """By the names of layers that are called once."""
    found, gains = signal(network), {}
    for operation in network.operations:
        moments, gradient = found.forward.get(operation.number), found.backward.get(operation.number)
        if operation.name and operation.name not in gains and moments is not None and gradient:
            gains[operation.name] = (_decades(moments.spread), _decades(gradient))
    return found, gains


def _decades(square: float) -> float:
    return 0.5 * math.log10(max(square, 1e-300))


# what torch does


def measured(build: Any, sizes: tuple[int, ...], head: str) -> Gains:
    """The median over several initialisations."""
    runs = [_measured(build, sizes, head, seed) for seed in range(INITIALISATIONS)]
    return {
        name: (
            statistics.median(run[name][0] for run in runs),
            statistics.median(run[name][1] for run in runs),
        )
        for name in runs[0]
        if all(name in run for run in runs)
    }


def _measured(build: Any, sizes: tuple[int, ...], head: str, seed: int) -> Gains:
    torch.manual_seed(seed)
    model = build()
    outputs: dict[str, tuple[torch.Tensor, float]] = {}
    read_by_head: list[torch.Tensor] = []
    parts: Mapping[str, Any] = dict(model.named_modules())
    for name, part in parts.items():
        if not list(part.children()):
            part.register_forward_hook(_keep(outputs, name))
    parts[head].register_forward_pre_hook(lambda m, i: read_by_head.append(i[0]))
    for part in parts.values():
        if hasattr(part, "inplace"):
            part.inplace = False
    model(torch.randn(sizes))
    end = read_by_head[0]
    kept = {n: (t, spread) for n, (t, spread) in outputs.items() if t.requires_grad}
    wanted = [t for t, _ in kept.values()]
    gradients = torch.autograd.grad(end, wanted, torch.randn_like(end), allow_unused=True)
    size = end.numel()
    return {
        name: (_decades(spread), _decades(float(g.square().sum()) / size))
        for (name, (_, spread)), g in zip(kept.items(), gradients, strict=True)
        if g is not None
    }


def _keep(outputs: dict[str, tuple[torch.Tensor, float]], name: str) -> Any:
    """What a module gave first, with its spread at that time: residual sums may be written into it."""

    def hook(module: Any, inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and name not in outputs:
            outputs[name] = output, float(output.detach().var(0).mean())

    return hook


def compared(name: str, network: Network, build: Any, sizes: tuple[int, ...]) -> Compared | None:
    """None where the head is not known by name."""
    found, gains = predicted(network)
    if len(found.heads) != 1 or not found.heads[0].name:
        return None
    truth = measured(build, sizes, found.heads[0].name)
    both = [(gains[n], truth[n]) for n in gains if n in truth]
    low = math.log10(LEAST)
    return Compared(
        name,
        tuple(p[0] - t[0] for p, t in both if t[0] > low),
        tuple(p[1] - t[1] for p, t in both if t[1] > low),
    )


def random_networks(count: int, seed: int = 0) -> Iterator[tuple[Compared, str]]:
    """Comparisons of networks that are drawn, with their source."""
    draw = random.Random(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        for n in range(count):
            source, sizes = program(draw)
            path.write_text(source)
            result = compared(
                f"random {n}", network_of(path), lambda source=source: _run(source), (BATCH, *sizes)
            )
            if result is not None:
                yield result, source


def _run(source: str) -> Any:
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(source.rpartition("\nnet(")[0], "program", "exec"), space)
    return space["net"]


def packaged_networks(patterns: Sequence[str], side: int | None) -> Iterator[Compared]:
    """Models of torchvision and timm without stored weights; ``side``: pixels of the images instead of theirs."""
    for package, targets in PACKAGES.items():
        for target in targets() if patterns else ():
            if any(fnmatch.fnmatch(target.name, pattern) for pattern in patterns):
                own = target.inputs[0][1:]
                sizes = (BATCH_OF_IMAGES, *(own if side is None else (own[0], side, side)))
                with deep():
                    network = packaged(target, sizes)
                name = f"{target.name} ({package})"
                result = network and compared(name, network, target.build, sizes)
                if result:
                    yield result


def packaged(target: Target, sizes: tuple[int, ...]) -> Network | None:
    """The network that the reader makes of a factory's own source."""
    i = new_interpreter()
    text, module = i.project.text(target.path), i.project.module(i, target.path, "")
    if module is None or text is None:
        return None
    i.trace, i.fuel = Trace(), FUEL
    with i.heap.recording() as mark, i.entered(Frame(None, Scope(module.state, module, kind="module"), text)):
        without = {"weights": None} if "torchvision" in target.build.__module__ else {}
        model = i.call(module.state[target.factory], Arguments([], without), NOWHERE)
        shape = Shape(sizes)
        given = Tensor(Operation("input", (), {"shape": shape}, i.place(NOWHERE)), shape)
        i.call(model, Arguments([given]), NOWHERE)
        network = network_of_call(i, i.trace.calls[-1], str(target.path)) if i.trace.calls else None
        i.heap.undo(mark)
    return network


def errors(results: Sequence[Compared]) -> tuple[list[float], list[float]]:
    """All errors, forward and backward, sorted, without their signs."""
    return (
        sorted(abs(e) for r in results for e in r.forward),
        sorted(abs(e) for r in results for e in r.backward),
    )


@dataclass(frozen=True)
class Row:
    """Errors of one kind, in decades."""

    name: str
    errors: Sequence[float]

    def cells(self) -> tuple[str, ...]:
        """Name, number, median, 95 % and worst."""
        if not self.errors:
            return (self.name, "0", "", "", "")
        ordered = sorted(map(abs, self.errors))
        most = ordered[int(0.95 * (len(ordered) - 1))]
        figures = (statistics.median(ordered), most, ordered[-1])
        return (self.name, str(len(ordered)), *(f"{figure:.2f}" for figure in figures))


TITLES = ("decades of error", "layers", "median", "95 %", "worst")


def rows(name: str, results: Sequence[Compared]) -> Iterator[Row]:
    """Forward and backward, all results together."""
    for direction, values in zip(("forward", "backward"), errors(results), strict=True):
        yield Row(f"{name}, {direction}", values)


def main() -> int:
    """Print a table, of Markdown if that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth.moments", description=__doc__)
    parser.add_argument("models", nargs="*", help="models of torchvision and timm (vgg*, alexnet)")
    parser.add_argument("--count", type=int, default=40, help="random networks")
    parser.add_argument("--side", type=int, help="pixels of images (those that the model is made for)")
    parser.add_argument("--markdown", action="store_true", help="a table for the documentation")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)

    def show(cells: Sequence[str]) -> None:
        if options.markdown:
            print(f"| {' | '.join(cells)} |", flush=True)
        else:
            print(f"{cells[0]:44}" + "".join(f"{cell:>8}" for cell in cells[1:]), flush=True)

    show(TITLES)
    if options.markdown:
        show(["---", *["---:"] * (len(TITLES) - 1)])
    for row in rows("random networks", [result for result, _ in random_networks(options.count)]):
        show(row.cells())
    real = []
    for result in packaged_networks(options.models, options.side):
        real.append(result)
        for row in rows(result.name, [result]):
            show(row.cells())
    for row in rows(f"{len(real)} architectures", real) if real else ():
        show(row.cells())
    return 0


if __name__ == "__main__":
    sys.exit(main())
