"""A finding's identity over time: it survives lines added above it and files moved as a whole tree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from nnlint.finding import Finding
from nnlint.lines import lines_of
from nnlint.placing import from_root


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """A hash for each finding of code, path, the line without its spacing or the part, and its ordinal.

    The path counts from the root of the repository; the ordinal tells apart findings that are equal in all
    else, in the order given. The baseline, SARIF and GitLab all use it.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    hashes = []
    for finding in findings:
        key = (finding.code, from_root(finding.place.path), _what(finding))
        text = "\0".join((*key, str(seen[key])))
        hashes.append(hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())
        seen[key] += 1
    return hashes


def _what(finding: Finding) -> str:
    place = finding.place
    lines = lines_of(place.path, place.cell) if place.line else ()
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return " ".join(line.split()) or place.part
