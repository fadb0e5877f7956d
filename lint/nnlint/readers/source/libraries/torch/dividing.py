"""``random_split``: which random numbers divide a data set."""

from __future__ import annotations

import ast
from dataclasses import replace

from nnlint.evidence.samples import Draw
from nnlint.evidence.source import Did
from nnlint.readers.source.files.nodes import last_name
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value

DRAW = "_draw"
"""Under which a part of a data set holds its division."""
SEEDS = "seeds"
"""Under which a trace counts how often PyTorch's global generator was set to a state."""


def note_draw(call: Call, arguments: Arguments, parts: tuple[Value, ...]) -> None:
    """The parts remember how they were drawn, where that can be told."""
    given = "generator" in arguments.keywords or len(arguments.positional) > 2 or arguments.open
    seed = _seed_of(call) if given else None
    if given and seed is None:
        return
    draw = Draw(None, call.place, seed, _seeded_before(call))
    for part in parts:
        if isinstance(part, Instance):
            call.interpreter.heap.write(part.state, DRAW, draw)


def _seeded_before(call: Call) -> int:
    """How often the global generator was seeded, or may have been by functions that are not known."""
    trace = call.interpreter.trace
    unknown = sum("seed" in str(e.details.get("method")) for e in trace.events if e.did is Did.OPAQUE)
    known = trace.notes.get(SEEDS, 0)
    return unknown + (known if isinstance(known, int) else 0)


def _seed(call: Call, arguments: Arguments) -> Value:
    notes = call.interpreter.trace.notes
    known = notes.get(SEEDS, 0)
    notes[SEEDS] = known + 1 if isinstance(known, int) else 1
    return UNKNOWN


def _seed_of(call: Call) -> int | None:
    """42 of ``generator=torch.Generator().manual_seed(42)``, which nothing else draws from."""
    keywords = call.node.keywords if isinstance(call.node, ast.Call) else []
    made = next((k.value for k in keywords if k.arg == "generator"), None)
    if not isinstance(made, ast.Call) or last_name(made.func) != "manual_seed" or not made.args:
        return None
    fresh = isinstance(made.func, ast.Attribute) and isinstance(made.func.value, ast.Call)
    seed = call.interpreter.evaluate(made.args[0]) if fresh else None
    return seed if isinstance(seed, int) else None


def draw_of(part: Instance, key: object) -> Draw | None:
    """How a part was drawn from the data set of this key."""
    draw = part.state.get(DRAW)
    return replace(draw, of=key) if isinstance(draw, Draw) else None


SEED = native("seed", _seed)
SYMBOLS: dict[str, Value] = {
    f"torch.{module}{name}": SEED
    for name in ("manual_seed", "seed", "set_rng_state", "fork_rng")
    for module in ("", "random.")
}
