"""Reads programs given as text, for the tests of the source reader."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TypeVar

from nnlint.config import Settings
from nnlint.network.graph import Network
from nnlint.readers.source import read

Evidence = TypeVar("Evidence")

IMPORTS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
"""


def evidence(folder: Path, source: str, **others: str) -> tuple[object, ...]:
    """The evidence of ``main.py`` with ``source``; ``others`` are modules (``net/blocks``) it may import."""
    for name, text in others.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(IMPORTS + textwrap.dedent(text))
    main = folder / "main.py"
    main.write_text(IMPORTS + textwrap.dedent(source))
    return read([main], Settings(named=frozenset({str(main)})), lambda path: None).evidence


def only(kind: type[Evidence], found: tuple[object, ...]) -> Evidence:
    """The one piece of evidence of a kind."""
    matching = [e for e in found if isinstance(e, kind)]
    assert len(matching) == 1, matching
    return matching[0]


def network(folder: Path, source: str, **others: str) -> Network:
    """The network called ``Net`` of a program."""
    networks = [e for e in evidence(folder, source, **others) if isinstance(e, Network) and e.name == "Net"]
    assert networks, "no network called Net was found"
    return networks[0]


def output(folder: Path, source: str, **others: str) -> str:
    """The shape of the one output of ``Net``."""
    found = network(folder, source, **others)
    assert len(found.outputs) == 1
    return str(found.outputs[0].shape)


def kinds(found: Network) -> list[str]:
    """The operations of a network in order."""
    return [operation.kind for operation in found.operations]
