"""Which samples an entry trains and evaluates its models on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Did, Event, Loader, Loop
from nnlint.pattern import pattern
from nnlint.readers.source.facts.figures import Figures, figures
from nnlint.readers.source.facts.habits import words
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import kept
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.libraries.conventions import role_of

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

FEEDS = "feeds"
"""The note of a trace under which frameworks leave what they are given."""
USES = frozenset({Did.FORWARD, Did.LOSS, Did.METRIC, Did.OPAQUE})
HELD_OUT = ("validation", "test")


def feeds(i: Interpreter, trace: Trace, text: Text) -> tuple[Feed, ...]:
    """Loops over loaders in which a model is trained or evaluated, and what frameworks were given."""
    groups: dict[int, tuple[Loop, Loader, list[Event]]] = {}
    for event in trace.events:
        for loop in reversed(event.loops):
            if loop.loader is not None:
                groups.setdefault(id(loop), (loop, loop.loader, []))[2].append(event)
                break
    given = trace.notes.get(FEEDS, [])
    found: list[Feed] = list(given) if isinstance(given, list) else []
    for loop, loader, events in groups.values():
        purpose = "" if loader.api.startswith("keras.") else _purpose(loader, events)
        if purpose:
            found.append(replace(_feed(i, text, purpose, loop, loader, events[0]), branches=_shared(events)))
    return tuple(found)


def _shared(events: list[Event]) -> tuple[int, ...]:
    """The alternatives that all events are in."""
    first, *others = (event.branches for event in events)
    return tuple(b for b in first if all(b in other for other in others))


ORDERED = pattern(
    r"time_?series|forecast|look_?back|horizon(?!tal)|sliding|rolling|window|(^|_)lags?(_|$)|lagged|stateful|stock"
    r"|temporal|time_?steps?|curriculum|(^|_)past(_|$)|ticker|create_seq|make_seq|(^|_)replay|rollout|trajector",
    re.IGNORECASE,
)


def ordered(text: Text) -> bool:
    """Whether words of a program say that the order of its samples means something: a reason for silence."""
    return kept(text.tree, "_ordered", lambda tree: any(ORDERED.search(word) for word in words(tree)))


def _purpose(loader: Loader, events: Iterable[Event]) -> str:
    happened = list(events)
    steps = any(e.did is Did.STEP for e in happened)
    backward = any(e.did is Did.BACKWARD for e in happened)
    if backward and (steps or loader.named == "train"):
        return "train"
    if steps or backward:  # an attack on the model, a map of what it looks at
        return ""
    if not any(e.did in USES for e in happened):
        return ""
    off = any(e.gradients is False or e.training is False for e in happened)
    return "evaluate" if off or loader.named in HELD_OUT else ""


def _feed(i: Interpreter, text: Text, purpose: str, loop: Loop, loader: Loader, event: Event) -> Feed:
    known = figures(text, loop) if purpose == "evaluate" else Figures()
    if purpose == "evaluate" and text.path != loop.place.path:
        module = i.project.module(i, Path(loop.place.path))
        other = figures(module.text, loop) if module is not None and module.text else Figures()
        known.claims |= other.claims
        known.drives += other.drives
        known.result |= other.result
    claims = known.claims | ({role_of(event.function)} - {""} if event.function else set())
    outer = tuple(outside for outside in event.loops if outside is not loop)
    drives = tuple(dict.fromkeys(known.drives))
    result = frozenset(known.result)
    return Feed(
        purpose, loader, loop.place, frozenset(claims), drives, outer, event.function, loader.api, result
    )
