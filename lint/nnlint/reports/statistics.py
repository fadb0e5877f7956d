"""How often each check fires, the most frequent first: ``--statistics``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnlint.finding import Level
from nnlint.reports import Look
from nnlint.reports.style import COLORS, paint
from nnlint.reports.summary import closing
from nnlint.result import Result


def render(result: Result, look: Look) -> str:
    """A line a check: number, code, ``[*]`` where fixes are at hand, name; then the summary."""
    lines = list(_rows(result, look))
    if look.verbosity >= 0:
        lines += closing(result, look)
    return "".join(line + "\n" for line in lines)


def _rows(result: Result, look: Look) -> Iterator[str]:
    numbers = Counter(finding.code for finding in result.findings)
    known = {finding.code: finding for finding in result.findings}
    fixable = Counter(finding.code for finding in result.findings if finding.fix)
    wide = max((len(str(number)) for number in numbers.values()), default=0)
    longest = max((len(code) for code in numbers), default=0)
    for code, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0])):
        level = known[code].level or Level.ERROR
        title = paint(f"{code:<{longest}}", COLORS[level], "bold", color=look.color)
        mark = "*" if fixable[code] == number else "-" if fixable[code] else " "
        yield f"{number:>{wide}}  {title}  [{mark}]  {known[code].name}"
