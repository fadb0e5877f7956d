"""Changed files: shown as a diff, or written in one step each."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nnlint.fixing.passes import Fixed
from nnlint.lines import cells_of, lines_in


def write(outcome: Fixed) -> Iterator[str]:
    """Write every file that changed; gives a message for each that could not be written."""
    for path in outcome.changed:
        yield f"{path}: not fixed: the file was changed while nnlint ran"
    for path, data in outcome.after.items():
        try:
            if path.read_bytes() != outcome.before[path]:
                yield f"{path}: not fixed: the file was changed while nnlint ran"
            elif data != outcome.before[path]:
                _replace(path, data)
        except OSError as error:
            yield f"{path}: not fixed: {error.strerror or error}"


def _replace(path: Path, data: bytes) -> None:
    """The file gets its new content at once or not at all, and keeps its permissions."""
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def diff(outcome: Fixed) -> Iterator[str]:
    """Unified diffs of all files that would change, line by line; cells of notebooks one by one."""
    for path, data in outcome.after.items():
        before = outcome.before[path]
        cells = range(1, len(cells_of(data)) + 1) if path.suffix == ".ipynb" else (0,)
        for cell in cells:
            name = _name(path, cell)
            yield from difflib.unified_diff(_lines(before, cell), _lines(data, cell), name, name, lineterm="")


def _name(path: Path, cell: int) -> str:
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd().resolve())
    return f"{path.as_posix()}:cell {cell}" if cell else path.as_posix()


def _lines(data: bytes, cell: int) -> list[str]:
    lines = list(lines_in(data, cell))
    return lines if lines[-1] else lines[:-1]
