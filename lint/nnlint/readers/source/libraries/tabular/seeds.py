"""NumPy's generators: which shuffles draw the same order."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.items import hashable
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Instance, Value

SEED = "numpy seed"


def drawn(call: Call, generator: Instance | None = None) -> Hashable:
    """The step that a shuffle is, ``("drawn", ...)``: equal to an earlier one that began from the same seed.

    Without a seed before it each shuffle is a step of its own. ``generator``: None for the global one.
    """
    if generator is not None:
        number, seed = generator.state.get("_drawn", 0), generator.state.get("_seed", "?")
        assert isinstance(number, int)
        call.interpreter.heap.write(generator.state, "_drawn", number + 1)
        return ("drawn", seed if hashable(seed) else "?", number)
    notes = call.interpreter.trace.notes
    seed = notes.get(SEED)
    if not isinstance(seed, tuple):
        return ("drawn", call.place)
    notes[SEED] = (seed[0], seed[1] + 1)
    return ("drawn", *seed)


def _seeded(call: Call, arguments: Arguments) -> Value:
    """``np.random.seed(7)``; of a seed that is not known any two are taken to be equal."""
    value = arguments.get(0, "seed", None)
    call.interpreter.trace.notes[SEED] = (value if hashable(value) else "?", 0)
    return None


def _restored(call: Call, arguments: Arguments) -> Value:
    """``get_state`` and ``set_state``: from here on the draws repeat."""
    call.interpreter.trace.notes[SEED] = ("state", 0)
    return UNKNOWN


def made(cls: Class) -> Callable[[Call, Arguments], Value]:
    """``default_rng(7)``: without a seed each generator draws numbers of its own."""

    def run(call: Call, arguments: Arguments) -> Value:
        seed = arguments.get(0, "seed", None)
        state: dict[object, Value] = {"_seed": call.place if seed is None else seed}
        return Instance(cls, state, call.place, call.interpreter.new_key())

    return run


SYMBOLS: dict[str, Value] = {
    "numpy.random.seed": native("np.random.seed", _seeded),
    "numpy.random.get_state": native("np.random.get_state", _restored),
    "numpy.random.set_state": native("np.random.set_state", _restored),
}
