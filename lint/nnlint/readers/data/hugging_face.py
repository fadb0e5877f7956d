"""Data sets that the library ``datasets`` of Hugging Face saved: its own files, what it says of labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.evidence.data import Dataset
from nnlint.evidence.target import with_target

INFO, STATE = "dataset_info.json", "state.json"
INFO_BYTES = 16 << 20


def is_cache(path: Path) -> bool:
    """Whether an Arrow file is one that ``datasets`` keeps for itself beside the data."""
    return path.name.startswith("cache-") and path.suffix == ".arrow" and looks.is_file(path.parent / STATE)


def labelled(dataset: Dataset) -> Dataset:
    """The data set with the one column as target that its description calls a label of classes."""
    if dataset.target is not None and dataset.target.found != "name":
        return dataset
    columns = [n for n in _labels(Path(dataset.place.path).parent) if dataset.train.column(n) is not None]
    return with_target(dataset, columns[0], "description") if len(columns) == 1 else dataset


def _labels(folder: Path) -> list[str]:
    """The columns of type ``ClassLabel``; none where nothing describes the folder."""
    path = looks.file(folder / INFO)
    try:
        if path.stat().st_size > INFO_BYTES:
            return []
        info: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    features = info.get("features") if isinstance(info, dict) else None
    if not isinstance(features, dict):
        return []
    return [n for n, f in features.items() if isinstance(f, dict) and f.get("_type") == "ClassLabel"]
