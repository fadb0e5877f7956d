"""Reader of stored weights: safetensors, checkpoints of PyTorch, NPZ and Keras files; nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Note
from nnlint.readers import Progress, Reading
from nnlint.readers.weights.archives import open_arrays
from nnlint.readers.weights.keras import open_keras
from nnlint.readers.weights.measure import measured
from nnlint.readers.weights.names import holds_weights
from nnlint.readers.weights.pytorch import open_pytorch
from nnlint.readers.weights.safetensors import open_safetensors
from nnlint.readers.weights.shards import Set, sets
from nnlint.readers.weights.stored import Foreign, Malformed, Raw

OPENERS: dict[str, tuple[str, Callable[[Path], list[Raw]]]] = {
    ".safetensors": ("safetensors", open_safetensors),
    ".npz": ("npz", open_arrays),
    ".keras": ("keras", open_keras),
    **dict.fromkeys((".h5", ".hdf5"), ("keras", open_keras)),
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".tar"), ("pytorch", open_pytorch)),
}
"""End of the file name -> name of the format, and what opens it; ``best.pth.tar`` is no archive of tar."""
ORDERED = frozenset({"pytorch"})
"""Formats that keep the order in which a network's layers were made."""


def read(files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
    """For each file, or each set of shards, its Weights, or why it cannot be read."""
    evidence: list[object] = []
    notes: list[Note] = []
    for found in sets(files):
        progress(str(found.path))
        evidence += found.problems
        tensors: list[StoredTensor] = []
        whole = True
        for path in found.files:
            try:
                tensors += _tensors(path)
            except Foreign as reason:
                notes.append(Note(str(path), f"not read: {reason}"))
                whole = False
            except Malformed as problem:
                evidence.append(_problem(path, problem))
                whole = False
        if tensors or whole:
            evidence.append(_weights(found, tensors))
    return Reading(tuple(evidence), tuple(notes))


def _weights(found: Set, tensors: Iterable[StoredTensor]) -> Weights:
    kind = _format(found.files[0] if found.files else found.path)
    return Weights(str(found.path), Place(str(found.path)), kind, tuple(tensors), kind in ORDERED)


def _format(path: Path) -> str:
    return OPENERS[path.suffix.lower()][0] if path.suffix.lower() in OPENERS else "weights"


def _tensors(path: Path) -> list[StoredTensor]:
    """The tensors of a file. Raises Malformed, or Foreign where they are no weights by their names."""
    kind, opener = OPENERS[path.suffix.lower()]
    try:
        raws = list(_once(opener(path)))
        if kind == "pytorch" and not holds_weights(r.name for r in raws):
            raise Foreign("it holds no weights by name" if raws else "it holds no tensors")
        return measured(path, raws, keras=kind == "keras")
    except OSError as error:
        raise Malformed(error.strerror or str(error)) from None
    except (MemoryError, OverflowError, ValueError, RecursionError) as error:
        raise Malformed(f"corrupt: {(str(error).splitlines() or [type(error).__name__])[0][:80]}") from None


def _once(raws: Iterable[Raw]) -> Iterator[Raw]:
    """Tensors that share all their values are one: tied weights, and copies in a training state."""
    seen: set[object] = set()
    for raw in raws:
        if raw.key is None or raw.key not in seen:
            seen.add(raw.key)
            yield raw


def _problem(path: Path, problem: Malformed) -> Unreadable | Unsafe:
    kind = Unsafe if problem.unsafe else Unreadable
    return kind(Place(str(path)), _format(path), str(problem))
