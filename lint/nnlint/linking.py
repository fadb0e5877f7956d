"""The link from code to data: which column a program predicts, and which columns it uses as features.

Order of trust: options and configuration, then the code that is linted together with the data, then names.
Where programs that read the same data set disagree, nobody is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nnlint.evidence.data import Dataset
from nnlint.evidence.source import Columns, Pipeline
from nnlint.evidence.target import UnknownColumn, with_target
from nnlint.finding import Note
from nnlint.pairing import Pairing

FIRMER = frozenset({"option", "config", "folders"})
"""Ways of telling the target that code does not overrule."""


def linked(evidence: Sequence[object], pairs: Mapping[str, str]) -> tuple[object, ...]:
    """The evidence, its data sets with what the programs trained on them say of target and features."""
    pipelines = [e for e in evidence if isinstance(e, Pipeline)]
    if not pipelines or not any(isinstance(e, Dataset) for e in evidence):
        return tuple(evidence)
    pairing = Pairing(evidence, dict(pairs))
    return tuple(_linked(e, pipelines, pairing) if isinstance(e, Dataset) else e for e in evidence)


def _linked(dataset: Dataset, pipelines: Sequence[Pipeline], pairing: Pairing) -> Dataset:
    mine = [p for p in pipelines if any(d is dataset for d in pairing.datasets_of(p.program))]
    return _with_features(_with_target(dataset, mine), mine)


def _with_target(dataset: Dataset, pipelines: Iterable[Pipeline]) -> Dataset:
    if dataset.target is not None and dataset.target.found in FIRMER:
        return dataset
    named = {name for p in pipelines if (name := _label(dataset, p.labels))}
    if len(named) != 1:
        return dataset
    try:
        return with_target(dataset, named.pop(), "code")
    except UnknownColumn:
        return dataset


def _label(dataset: Dataset, labels: Columns | None) -> str:
    """The one column of the data set that the code uses as label, "" when it is not told."""
    picked = dataset.picked(labels)
    return picked[0] if picked is not None and len(picked) == 1 else ""


def _with_features(dataset: Dataset, pipelines: Iterable[Pipeline]) -> Dataset:
    """The data set with the columns that reach a network; as it is when some way is not understood."""
    if dataset.rank > 2 or dataset.format != "table":
        return dataset
    target = dataset.target.column if dataset.target else None
    used: dict[str, None] = {}
    for pipeline in pipelines:
        picked = dataset.picked(pipeline.features, sources=True)
        if pipeline.features is not None and picked is None:
            return dataset
        used |= dict.fromkeys(picked or ())
    features = tuple(c.name for c in dataset.train.columns if c.name in used and c.name != target)
    return replace(dataset, features=features) if features else dataset


def settled(notes: Iterable[Note], before: Sequence[object], after: Sequence[object]) -> tuple[Note, ...]:
    """The notes, each once, without those that miss a target which the code has told meanwhile, or the target
    of a data set that is left out.
    """
    missed = {e.place.path for e in before if isinstance(e, Dataset) and e.target is None}
    missing = {e.place.path for e in after if isinstance(e, Dataset) and e.target is None}
    told = missed - missing
    return tuple(dict.fromkeys(n for n in notes if n.path not in told or "--target" not in n.message))
