"""What the words of a program say it may do against memorising: reasons for silence, no proof.

A penalty, an augmentation or a stop can be written in a hundred ways, so its absence is only believed where
no word of the program and of the modules it imports hints at it, and all of these are known.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern
from nnlint.readers.source.facts.recording import records
from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.language.values import Library, ModuleValue
from nnlint.readers.source.libraries.dispatch import MODELS, QUIET

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

AUGMENTS = pattern(
    r"augment|^Random(?!Sampler|State|Forest)[A-Z]|Jitter|Aug(Mix|$)|flip|crop|rotat|[aA]ffine|mixup|cutmix|cutout"
    r"|mosaic|eras(e|ing)|[bB]lur|noise|^randn?(_like)?$|^random$|^uniform$|gauss|perturb|jitter|drop(?!$|na$|_duplicates$|_last$|_first$|level$)|corrupt|mask"
    r"|overfit|sanity|tiny|smoke|debug|toy|dummy|fake|synthetic|single_?batch|one_?batch|make_[a-z]+s?$|^next$"
)
"""Other data in each round, and programs that mean to memorise one batch or play with made-up data."""
STOPS = pattern(r"patience|early|best|stop|swa|ema(_|$)|averaged", re.IGNORECASE)
PENALISES = pattern(
    r"(^|_)l[12](?!_?loss)(_|$)|penal|regular|(^|_)reg(_|$)|decay|^norm$|^pow$|^square$|spectral|weight_norm|prun"
    r"|distil|teacher|smooth|lora|quant|sparse(?!_?categorical)|kl_|constraint|max_norm",
    re.IGNORECASE,
)
KNOWN = frozenset(sys.stdlib_module_names) | QUIET | frozenset(MODELS)
"""Packages that regularise nothing behind the program's back."""


MAX_MODULES = 100
"""Modules behind a program whose words are read: more are a library, and of what it does nothing is known."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of a program and of the modules of the project that it imports. ``unread``: the imported
    packages of which nothing is known. ``breaks``: a loop is left early. ``records``: some figure of
    training is told or kept.
    """

    words: frozenset[str]
    unread: frozenset[str]
    breaks: bool
    records: bool = True


def habits(known: Vocabulary) -> frozenset[str]:
    """``augments``, ``stops``, ``penalises`` where a word hints at it; ``unknown`` where code is not seen."""
    found = {kind for kind, listed in WORDS.items() if any(map(listed.search, known.words))}
    return frozenset(
        found | ({"stops"} if known.breaks else set()) | ({"unknown"} if known.unread else set())
    )


WORDS = {"augments": AUGMENTS, "stops": STOPS, "penalises": PENALISES}


def vocabulary(i: Interpreter, module: ModuleValue) -> Vocabulary:
    """What the sources that take part in a program say."""
    queue, seen, unread = [module], {id(module)}, set[str]()
    said: set[str] = set()
    trees: list[ast.Module] = []
    breaks = False
    while queue:
        part = queue.pop()
        if len(seen) > MAX_MODULES:
            return Vocabulary(frozenset(said), frozenset({part.name}), breaks)
        if part.text is None:
            continue
        trees.append(part.text.tree)
        said |= _said(part.text.tree)
        breaks = breaks or any(isinstance(node, ast.Break) for node in everything(part.text.tree))
        for name, imported in _imports(i, part):
            if isinstance(imported, ModuleValue) and id(imported) not in seen:
                seen.add(id(imported))
                queue.append(imported)
            elif not isinstance(imported, ModuleValue) and not _harmless(imported):
                unread.add(name)
    told = records(part for part in trees)
    return Vocabulary(frozenset(said), frozenset(unread), breaks, told)


def _said(tree: ast.Module) -> frozenset[str]:
    return kept(tree, "_said", lambda tree: frozenset(words(tree)))


def _imports(i: Interpreter, part: ModuleValue) -> Iterator[tuple[str, object]]:
    assert part.text is not None
    for node in everything(part.text.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, i.project.import_module(i, alias.name, 0, part)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            yield "." * node.level + name, i.project.import_module(i, name, node.level, part)


def _harmless(imported: object) -> bool:
    return isinstance(imported, Library) and imported.name.partition(".")[0] in KNOWN


def words(tree: ast.AST) -> Iterator[str]:
    """The names that a program uses, and its texts of one word."""
    for node in everything(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value
