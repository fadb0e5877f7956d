"""One page for people who would rather look than read: findings, networks, data sets and runs.

The page is complete in itself: style, script and pictures are within it, and its policy forbids the network.
Everything that comes from linted files goes through the escaping of the templates.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nnlint import __version__
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.finding import Level
from nnlint.pattern import pattern
from nnlint.reports import Look, cards
from nnlint.reports.html import charts, histograms, scales
from nnlint.reports.html.coloring import Coloring
from nnlint.reports.html.datasets import data_sets
from nnlint.reports.html.findings import body, families, groups, level_of
from nnlint.reports.html.images import Thumbnails
from nnlint.reports.html.networks import networks, recipes
from nnlint.reports.html.runs import runs
from nnlint.reports.html.stored import stored
from nnlint.reports.html.tags import Tags
from nnlint.reports.pages import sentence
from nnlint.reports.style import count, grouped, shown, visible
from nnlint.reports.summary import understood
from nnlint.result import Result

OPEN = 30
"""Findings up to this number are shown open."""

FEW = 6
"""Networks, data sets and runs up to this number of each are shown open."""

PLAIN = 100
"""Findings whose details stand in the page itself; those of the others are unpacked when they are opened."""

SPAN = pattern(r"``(.+?)``|`([^`]+)`", re.DOTALL)


def render(result: Result, look: Look) -> str:
    """The page."""
    details = _details(result)
    style, script, early = (_asset(name) for name in ("style.css", "script.js", "early.js"))
    tags = Tags(result.findings)
    page: str = (
        _environment()
        .get_template("page.html")
        .render(
            version=__version__,
            style=Markup(style),
            script=Markup(script),
            early=Markup(early),
            policy=_policy([style], [script, early]),
            title=_title(result),
            understood=sentence(understood(result)),
            levels=_levels(result),
            result=result,
            notes=[(shown(note.path), visible(note.message)) for note in result.notes],
            groups=list(groups(result.findings)),
            families=families(result.findings, result.checks),
            fixable=sum(finding.fix is not None for finding in result.findings),
            open=len(result.findings) <= OPEN,
            few=FEW,
            bodies=details[:PLAIN],
            packed=_packed(details[PLAIN:]),
            networks=list(networks(result.evidence, tags)),
            recipes=recipes(result.evidence),
            data_sets=list(data_sets(result.evidence, tags)),
            runs=list(runs(result.evidence, tags)),
            stored=list(stored(result.evidence)),
            not_read=_not_read(result),
            size=charts,
            histogram_size=histograms,
            scales_size=scales,
        )
    )
    return page + "\n"


def _details(result: Result) -> list[Markup]:
    """What is seen of each finding when it is opened."""
    coloring = Coloring()
    thumbnails = Thumbnails(e for e in result.evidence if isinstance(e, Dataset))
    known = {check.code: check for check in result.checks}
    template = _environment().get_template("body.html")
    return [
        Markup(template.render(body=body(f, coloring, thumbnails), check=known.get(f.code), finding=f))
        for f in result.findings
    ]


def _packed(details: Sequence[str]) -> str:
    """The details as JSON, compressed, in letters that mean nothing in HTML; "" for none."""
    if not details:
        return ""
    text = json.dumps([str(d) for d in details], separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), 6, mtime=0)).decode("ascii")


def _title(result: Result) -> str:
    """``3 errors, 1 warning``."""
    parts = [count(number, level) for level, number in _levels(result) if number]
    if parts:
        return ", ".join(parts)
    return "Not all could be checked" if result.failures else "No findings"


def _not_read(result: Result) -> list[cards.Record]:
    """What could not be read and no finding speaks of."""
    told = {finding.place.path for finding in result.findings}
    found = (e for e in result.evidence if isinstance(e, Unreadable | Unsafe))
    return [cards.not_read(e) for e in found if e.place.path not in told]


def _levels(result: Result) -> list[tuple[Level, int]]:
    """How many findings there are of each level, the worst first."""
    levels = [level_of(finding) for finding in result.findings]
    return [(level, levels.count(level)) for level in Level]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nnlint.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "grouped": grouped,
        "count": count,
        "prose": prose,
        "sentence": sentence,
        "visible": visible,
        "amount": amount,
    }
    return environment


def prose(text: str) -> Markup:
    """Text of a docstring, its paragraphs apart and what is between backquotes as code."""
    paragraphs = (" ".join(p.split()) for p in text.split("\n\n") if p.strip())
    return Markup("").join(Markup("<p>{}</p>").format(Markup("").join(_spans(p))) for p in paragraphs)


def _spans(text: str) -> Iterator[str]:
    done = 0
    for match in SPAN.finditer(text):
        yield text[done : match.start()]
        yield Markup("<code>{}</code>").format(match[1] or match[2])
        done = match.end()
    yield text[done:]


def amount(value: object) -> str:
    """A figure of a card: ``1 234 567``, ``0.0123``, ``–`` where it is not known."""
    if value is None or value in ([], ""):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return grouped(value)
    if isinstance(value, float):
        return charts.figure(value)
    return visible(", ".join(map(str, value)) if isinstance(value, list) else str(value))


@cache
def _asset(name: str) -> str:
    return (files(__name__) / "templates" / name).read_text(encoding="utf-8")


def _policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """What the page may do: its own style and scripts, pictures within it, and nothing else."""
    return "; ".join(
        chain(
            ("default-src 'none'", "img-src data:"),
            (f"style-src {' '.join(map(_hash, styles))}", f"script-src {' '.join(map(_hash, scripts))}"),
            ("base-uri 'none'", "form-action 'none'"),
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
