"""How much of what kind was read: silence can be told from blindness."""

from __future__ import annotations

from collections.abc import Iterable

from nnlint.evidence.data import Dataset
from nnlint.evidence.runs import History
from nnlint.evidence.source import Program, Recipe
from nnlint.evidence.weights import Weights
from nnlint.network.graph import Network
from nnlint.readers.units import Outline
from nnlint.result import Understood


def understood(evidence: Iterable[object]) -> Understood:
    """The numbers of a run."""
    evidence = list(evidence)
    datasets = [e for e in evidence if isinstance(e, Dataset)]
    outlines = [e for e in evidence if isinstance(e, Outline)]
    networks = {(e.name, e.place) for e in evidence if isinstance(e, Network)}
    programs = {e.program for e in evidence if isinstance(e, Recipe)}
    return Understood(
        # a model is met again by every program that trains it
        networks=len(networks.union(*(e.networks for e in outlines))),
        training_programs=len(programs | {e.program for e in outlines if e.trains}),
        programs=sum(isinstance(e, Program) for e in evidence),
        datasets=len(datasets),
        rows=sum(split.rows for d in datasets for split in d.splits),
        weight_files=sum(isinstance(e, Weights) for e in evidence),
        runs=sum(isinstance(e, History) for e in evidence),
    )
