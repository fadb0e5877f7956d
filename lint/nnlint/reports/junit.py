"""JUnit's XML, which most servers for tests show: a suite a file, a failed case a finding."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from nnlint.finding import Finding, Level
from nnlint.reports import Look
from nnlint.reports.style import shown, visible, where
from nnlint.reports.summary import understood
from nnlint.result import Result


def render(result: Result, look: Look) -> str:
    """One document. Without findings it holds one case that passed: some servers refuse an empty one."""
    findings = sorted(result.findings, key=lambda finding: finding.place.path)
    total = {"tests": str(len(findings) or 1), "failures": str(len(findings)), "errors": "0"}
    suites = ElementTree.Element("testsuites", {"name": "nnlint", **total})
    for path, group in groupby(findings, key=lambda finding: finding.place.path):
        _suite(suites, shown(path), list(group))
    if not findings:
        suite = ElementTree.SubElement(suites, "testsuite", {"name": "nnlint", **total})
        ElementTree.SubElement(
            suite, "testcase", {"name": visible(understood(result)), "classname": "nnlint"}
        )
    ElementTree.indent(suites)
    return (
        "<?xml version='1.0' encoding='utf-8'?>\n" + ElementTree.tostring(suites, encoding="unicode") + "\n"
    )


def _suite(suites: ElementTree.Element, path: str, findings: Iterable[Finding]) -> None:
    findings = list(findings)
    number = str(len(findings))
    suite = ElementTree.SubElement(
        suites, "testsuite", {"name": path, "tests": number, "failures": number, "errors": "0"}
    )
    for finding in findings:
        case = {"name": f"{finding.code} {finding.name}", "classname": path, "file": path}
        if finding.place.line and not finding.place.cell:
            case["line"] = str(finding.place.line)
        level = finding.level or Level.ERROR
        failure = {"message": visible(finding.message), "type": str(level)}
        text = f"{where(finding.place)}: {visible(finding.message)}"
        steps = [f"{where(step.place)}: {visible(step.message)}" for step in finding.trail]
        help_ = [f"help: {visible(finding.help)}"] if finding.help else []
        test = ElementTree.SubElement(suite, "testcase", case)
        ElementTree.SubElement(test, "failure", failure).text = "\n".join([text, *steps, *help_])
