"""Reader of onnx files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.readers import Progress, Reading


def read(files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
    """Read all files of the kind."""
    return Reading()
