"""Sizes are reported where torch refuses them, and nowhere else, in programs put together at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nnlint import engine
from nnlint.config import Settings

CHANNELS = (4, 4, 4, 6)  # mostly the same, so that half of the programs run


def layers(rng: random.Random) -> list[str]:
    """A small convolutional network whose neighbours may not fit."""

    def pick() -> int:
        return rng.choice(CHANNELS)

    kinds: tuple[Callable[[], str], ...] = (
        lambda: f"nn.Conv2d({pick()}, {pick()}, {rng.randint(1, 3)}, stride={rng.randint(1, 2)}, padding=1)",
        lambda: f"nn.ConvTranspose2d({pick()}, {pick()}, 2, stride=2)",
        lambda: f"nn.BatchNorm2d({pick()})",
        lambda: f"nn.GroupNorm(2, {pick()})",
        lambda: f"nn.MaxPool2d({rng.randint(2, 3)})",
        lambda: "nn.ReLU(inplace=True)",
        lambda: "nn.Dropout2d(0.1)",
        lambda: "nn.Upsample(scale_factor=2)",
    )
    body = [rng.choice(kinds)() for _ in range(rng.randint(1, 4))]
    side = rng.randint(1, 2)
    width = rng.choice(CHANNELS) * side * side
    return [*body, f"nn.AdaptiveAvgPool2d({side})", "nn.Flatten()", f"nn.Linear({width}, 3)"]


def program(seed: int) -> str:
    rng = random.Random(seed)
    listed = ",\n    ".join(layers(rng))
    size = rng.choice((5, 8, 11))
    return (
        "import torch\nfrom torch import nn\n\n"
        f"net = nn.Sequential(\n    {listed},\n)\nnet(torch.randn(2, 4, {size}, {size}))\n"
    )


def runs(text: str) -> bool:
    """Whether torch gets through the program."""
    try:
        with torch.no_grad():
            exec(compile(text, "program", "exec"), {})
    except (RuntimeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_what_is_reported_is_what_torch_refuses(seed: int, tmp_path: Path) -> None:
    text = program(seed)
    path = tmp_path / "net.py"
    path.write_text(text)
    found = engine.run([str(path)], Settings(select=("AR601",))).findings
    assert bool(found) is not runs(text), text
