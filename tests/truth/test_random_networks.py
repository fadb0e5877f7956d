"""What the reader says of random networks is what torch does: shapes, ranges, parameters."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from truth.programs import Sizes, write
from truth.static import agrees, deep, exact, new_interpreter, read_model

EXAMPLES = int(os.environ.get("NNLINT_TRUTH_EXAMPLES", "250"))
"""How many networks are drawn; more by the environment variable."""

FLOOR = 0.97
"""Share of modules whose output shape is known: what knows nothing disagrees with nothing."""

SLACK = 1e-4
"""Rounding of float32 around a bound that holds for real numbers."""


BLOCKS = (nn.TransformerEncoderLayer, nn.MultiheadAttention)
"""Layers of torch that are one operation to the reader, whatever they are made of."""


class Seen:
    """What torch computes: outputs of all modules by name, and the parameters."""

    def __init__(self, source: str, sizes: Sizes) -> None:
        torch.manual_seed(0)
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, "program", "exec"), space)
        model = space["Net"]().eval()
        self.outputs: dict[str, torch.Tensor] = {}
        inner = {id(p) for m in model.modules() if isinstance(m, BLOCKS) for p in m.modules() if p is not m}
        for name, part in model.named_modules():
            if id(part) not in inner:
                part.register_forward_hook(self._keep(name))
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model(torch.randn(sizes) * 3)
        self.parameters = {name: tuple(p.shape) for name, p in model.named_parameters()}

    def _keep(self, name: str) -> Any:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            self.outputs.setdefault(name, first.clone())  # what is changed in place later is not what it gave

        return hook


def test_what_is_read_is_what_torch_does(tmp_path: Path) -> None:
    known: list[bool] = []

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        source, sizes = write(data.draw)
        try:
            seen = Seen(source, sizes)
        except (RuntimeError, ValueError, IndexError):
            return  # torch refuses: a size fell to nothing on the way
        known.extend(_compared(source, sizes, seen, tmp_path / "program.py"))

    run()
    assert sum(known) / len(known) >= FLOOR


def _compared(source: str, sizes: Sizes, seen: Seen, path: Path) -> list[bool]:
    """For each module whether its output's shape is known. Fails where the reader and torch disagree."""
    path.write_text(source)
    with deep():
        reading = read_model(new_interpreter(), path, "Net", (sizes,), {}, 1_000_000)
    shown = f"\n{source}\non {sizes}"
    assert not reading.failure and not reading.conflicts, f"{reading.failure} {reading.conflicts}{shown}"
    known = []
    for name, output in seen.outputs.items():
        static = next(iter(reading.outputs.get(name, ())), None)
        known.append(static is not None and exact(static.shape))
        if static is None:
            continue
        actual = tuple(output.shape)
        assert agrees(static.shape, actual), f"{name}: {static.shape}, torch gives {actual}{shown}"
        if static.range is not None and output.numel():
            low, high = float(output.min()), float(output.max())
            within = static.range.low - SLACK <= low and high <= static.range.high + SLACK
            assert within, f"{name}: {static.range}, torch gives {low} to {high}{shown}"
    assert reading.parameters.keys() == seen.parameters.keys(), shown
    for name, shape in reading.parameters.items():
        assert exact(shape) and agrees(shape, seen.parameters[name]), f"parameter {name}: {shape}{shown}"
    return known
